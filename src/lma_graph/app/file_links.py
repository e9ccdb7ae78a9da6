"""The addresses behind signed links: where a file is sent to, and where one is fetched from. Enter at `FileLinks`.

A link says for which organization and user it was made and until when it counts; nothing else is asked of the client.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from lma_graph.app.refusals import Refusal
from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import Unauthenticated
from lma_graph.kernel.files import PATH, Files, LinkRefused, TooLarge, upload_key
from lma_graph.leads.mutations.exchange import UPLOAD
from lma_graph.leads.service.downloads import GET, Download, find

_GONE = "There is no such file any more."


class FileLinks:
    """Files of one server."""

    def __init__(self, database: Database, files: Files) -> None:
        self._database = database
        self._files = files

    def routes(self) -> list[Route]:
        """For Starlette."""
        return [
            Route(f"{PATH}/{UPLOAD}", _answering(self._upload), methods=["PUT"]),
            Route(f"{PATH}/{GET}", _answering(self._download), methods=["GET"]),
        ]

    def _granted(self, what: str, request: Request) -> dict[str, object]:
        try:
            return self._files.granted(what, request.query_params.get("token", ""))
        except LinkRefused as refused:
            raise Refusal(403, "FORBIDDEN", str(refused)) from None

    async def _upload(self, request: Request) -> Response:
        """Keep the body as it comes."""
        claims = self._granted(UPLOAD, request)
        key = upload_key(int(str(claims["organization"])), str(claims["upload"])) or ""
        most = self._files.most_bytes
        too_large = Refusal(413, "PAYLOAD_TOO_LARGE", f"The file is larger than {most:,} bytes.", close=True)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > most:
            raise too_large
        if await self._files.store.size(key) is not None:
            raise _sent_already()
        try:
            size = await self._files.store.put(key, request.stream(), most=most)
        except TooLarge:
            raise too_large from None
        except FileExistsError:
            raise _sent_already() from None
        return JSONResponse({"uploadId": claims["upload"], "bytes": size}, status_code=201)

    async def _download(self, request: Request) -> Response:
        """Send the parts of the file, one after the other."""
        claims = self._granted(GET, request)
        try:
            viewer = await self._database.viewer(str(claims["organization"]), str(claims["user"]))
            async with self._database.reader(viewer) as reader:
                found = await find(reader, int(str(claims["execution"])))
        except Unauthenticated as error:
            raise Refusal(403, "FORBIDDEN", error.message) from None
        if found is None or not await self._is_whole(found):
            raise Refusal(404, "NOT_FOUND", _GONE)
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
            "content-length": str(found.size),
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-store",
            "referrer-policy": "no-referrer",
        }
        return StreamingResponse(self._parts(found), headers=headers, media_type=found.media_type)

    async def _is_whole(self, found: Download) -> bool:
        sizes = [await self._files.store.size(key) for key in found.keys]
        return None not in sizes

    async def _parts(self, found: Download) -> AsyncIterator[bytes]:
        for key in found.keys:
            async for block in self._files.store.read(key):
                yield block


def _sent_already() -> Refusal:
    return Refusal(409, "CONFLICT", "A file was sent to this link already; ask for another one.", close=True)


def _answering(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler, its refusals turned into answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handle(request)
        except Refusal as refusal:
            headers = {"connection": "close"} if refusal.close else {}
            return JSONResponse(refusal.body(), status_code=refusal.status, headers=headers)
        except ClientDisconnect:
            return Response(status_code=400)

    return answer
