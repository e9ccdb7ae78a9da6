"""Drives a real headless Chromium over the DevTools protocol. Enter at `Browser`, then `Browser.open_page`.

One socket, one thread: events that arrive while a command waits for its answer are noted on their page, so a
page's lists of errors and requests are complete up to the last call. Workers of a page count as the page.
"""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    "--window-size=1440,900",
)
PATIENCE = 30.0
"""Seconds that any wait may take: generous, since a loaded machine starts Chromium slowly."""

Message = dict[str, Any]


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome, if there is one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class BrowserError(Exception):
    """The browser refused a command, a script threw, or something did not happen in time."""


class Browser:
    """A Chromium with an empty profile of its own; a context manager that ends it again."""

    def __init__(self, executable: str) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [executable, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._numbers = itertools.count(1)
        self._pages: dict[str, Page] = {}
        try:
            self._socket = websocket.create_connection(
                self._address(), timeout=PATIENCE, suppress_origin=True, max_size=None
            )
        except BaseException:
            self._end_process()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._end_process()

    def open_page(self) -> "Page":
        """A page with storage and cookies of its own, as on a first visit."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, context)
        self._pages[session] = page
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.send(f"{domain}.enable")
        page.send("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        return page

    def send(self, method: str, session: str | None = None, **parameters: Any) -> Message:
        """Sends a command and returns its result; events that come in between are noted."""
        number = self.post(method, session, **parameters)
        while True:
            message = self._receive()
            if message.get("id") == number:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']['message']}")
                return message["result"]

    def post(self, method: str, session: str | None = None, **parameters: Any) -> int:
        """Sends a command without waiting for its answer; returns the command's number."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        return number

    def _receive(self) -> Message:
        message: Message = json.loads(self._socket.recv())
        page = self._pages.get(message.get("sessionId", ""))
        if page and message.get("method") == "Target.attachedToTarget":
            self._adopt(message["params"]["sessionId"], page)
        elif page and "method" in message:
            page.note(message["method"], message["params"])
        return message

    def _adopt(self, worker: str, page: "Page") -> None:
        self._pages[worker] = page
        for method in ("Runtime.enable", "Log.enable", "Network.enable", "Runtime.runIfWaitingForDebugger"):
            self.post(method, worker)

    def _address(self) -> str:
        announcement = Path(self._profile.name, "DevToolsActivePort")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise BrowserError(f"Chromium ended at once with {self._process.returncode}")
            lines = announcement.read_text().splitlines() if announcement.exists() else []
            if len(lines) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            time.sleep(0.05)
        raise BrowserError("Chromium did not say where its DevTools listen")

    def _end_process(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()


@dataclass
class Page:
    """One page and everything that it and its workers asked for and complained about since it was opened."""

    browser: Browser
    session: str
    context: str
    requests: list[str] = field(default_factory=list)
    """The address of every request, redirects and web sockets included."""
    failures: list[str] = field(default_factory=list)
    """Requests that failed, were blocked or were answered with a status from 400 on."""
    errors: list[str] = field(default_factory=list)
    """Console errors, uncaught exceptions and the browser's own complaints, such as a policy violation."""

    def send(self, method: str, **parameters: Any) -> Message:
        """A command to this page."""
        return self.browser.send(method, self.session, **parameters)

    def close(self) -> None:
        """Closes the page and forgets its storage."""
        self.browser.send("Target.disposeBrowserContext", browserContextId=self.context)

    def navigate(self, url: str) -> None:
        """Goes to an address and waits until the document and its scripts have loaded."""
        answer = self.send("Page.navigate", url=url)
        if "errorText" in answer:
            raise BrowserError(f"{url}: {answer['errorText']}")
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise; True for an element."""
        plain = f"(async () => {{ const it = await ({script}); return it instanceof Node ? true : it; }})()"
        answer = self.send("Runtime.evaluate", expression=plain, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{script}: {_thrown(answer['exceptionDetails'])}")
        return answer["result"].get("value")

    def wait_for(self, script: str, patience: float = PATIENCE) -> Any:
        """Evaluates an expression until it is truthy and returns its value."""
        deadline = time.monotonic() + patience
        while not (value := self.evaluate(script)):
            if time.monotonic() > deadline:
                raise BrowserError(f"not within {patience:g} s: {script}; errors: {self.errors}")
            time.sleep(0.05)
        return value

    def click(self, selector: str) -> None:
        """Waits for an element and clicks into its middle with the mouse."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.wait_for(f"{element} && {element}.getBoundingClientRect().width > 0")
        place = self.evaluate(
            f"(() => {{ const element = {element}; element.scrollIntoView({{ block: 'nearest' }});"
            " const box = element.getBoundingClientRect();"
            " return { x: box.x + box.width / 2, y: box.y + box.height / 2 }; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def press(self, key: str, code: int, *, control: bool = False, shift: bool = False) -> None:
        """Presses one key, given by its name (as in `KeyboardEvent.key`) and its Windows key code."""
        modifiers = 2 * control + 8 * shift
        for kind in ("rawKeyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, modifiers=modifiers)

    def replace_text(self, selector: str, text: str) -> None:
        """Clicks into a text field or editor and puts `text` in place of all it holds."""
        self._focus(selector)
        self.press("a", 65, control=True)
        self.send("Input.insertText", text=text)
        # A code editor adds closing brackets and quotes behind the cursor by itself.
        self.press("End", 35, control=True, shift=True)
        self.press("Delete", 46)

    def _focus(self, selector: str) -> None:
        """Clicks until the cursor is there: an editor that has just appeared does not take a click yet."""
        deadline = time.monotonic() + PATIENCE
        focused = (
            f"document.querySelector({json.dumps(selector)})?.contains(document.activeElement)"
            " && document.activeElement.matches('input, textarea, [contenteditable]')"
        )
        while True:
            self.click(selector)
            if self.evaluate(focused):
                return
            if time.monotonic() > deadline:
                raise BrowserError(f"{selector} does not take the focus")
            time.sleep(0.05)

    def prefer(self, color_scheme: str) -> None:
        """Makes the system look `light` or `dark` to the page."""
        feature = {"name": "prefers-color-scheme", "value": color_scheme}
        self.send("Emulation.setEmulatedMedia", features=[feature])

    def screenshot(self, path: Path) -> None:
        """Writes what can be seen as a PNG file."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def foreign_requests(self, host: str) -> list[str]:
        """Requests to any host but `host` (`name:port`); `data:` and `blob:` addresses leave no browser."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in {"data", "blob", "about"} and urlsplit(url).netloc != host
        ]

    def note(self, event: str, detail: Message) -> None:
        """Keeps what an event says about errors and requests."""
        match event:
            case "Network.requestWillBeSent":
                self.requests.append(detail["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(detail["url"])
            case "Network.responseReceived" if detail["response"]["status"] >= 400:
                self.failures.append(f"{detail['response']['status']} {detail['response']['url']}")
            case "Network.loadingFailed" if not detail.get("canceled"):
                self.failures.append(f"{detail.get('blockedReason') or detail['errorText']} {detail['type']}")
            case "Runtime.exceptionThrown":
                self.errors.append(_thrown(detail["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if detail["type"] in {"error", "assert"}:
                self.errors.append(" ".join(str(_shown(argument)) for argument in detail["args"]))
            case "Log.entryAdded" if detail["entry"]["level"] == "error":
                self.errors.append(f"{detail['entry']['text']} {detail['entry'].get('url', '')}".strip())


def _thrown(details: Message) -> str:
    return details.get("exception", {}).get("description") or details["text"]


def _shown(argument: Message) -> object:
    return argument.get("value", argument.get("description"))
