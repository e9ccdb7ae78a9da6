"""A campaign's stored criteria: read, judged, and which values of a lead they look at."""

from functools import lru_cache
from typing import Any

import orjson

from lma_graph.kernel.criteria import Filter, read_stored
from lma_graph.kernel.errors import FieldError, InvalidInput
from lma_graph.leads.criteria import LEAD


def faults_of(stored: Any) -> tuple[FieldError, ...]:
    """Why stored criteria cannot be read any more; nothing for sound ones, and for none at all."""
    return () if stored is None else _judged(orjson.dumps(stored))[1]


def target_of(stored: Any) -> Filter | None:
    """The stored criteria; None where there are none, or where they cannot be read any more."""
    return None if stored is None else _judged(orjson.dumps(stored))[0]


@lru_cache(maxsize=1_000)
def _judged(stored: bytes) -> tuple[Filter | None, tuple[FieldError, ...]]:
    """Kept by what is stored: a participant asks at every change of a lead."""
    try:
        return read_stored(LEAD, orjson.loads(stored), ()), ()
    except InvalidInput as error:
        return None, error.fields


def said(fault: FieldError) -> str:
    """A fault in words, with its place."""
    return f"{'.'.join(map(str, fault.path))} {fault.message}".strip()
