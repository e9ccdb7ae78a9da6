"""What commands say: results on standard output, everything else on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_PLAIN_EVERY = 5.0
"""Seconds between plain lines of progress where there is no terminal."""


def out(text: str) -> None:
    """A result: what another program may read."""
    typer.echo(text)


def say(text: str) -> None:
    """A remark for the person at the terminal."""
    typer.echo(text, err=True)


def fail(text: str, code: int = 1) -> NoReturn:
    """End the command with what went wrong and what to do next."""
    say(text)
    raise typer.Exit(code)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A function to be told (done, total): a bar on a terminal, a plain line now and then elsewhere."""
    if sys.stderr.isatty():
        columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as shown:
            task = shown.add_task(label, total=None)
            yield lambda done, total: shown.update(task, completed=done, total=total)
        return
    last = time.monotonic()

    def line(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _PLAIN_EVERY or done == total:
            last = time.monotonic()
            say(f"{label}: {done:,} of {total:,}")

    yield line
