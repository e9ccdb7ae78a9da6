"""Workflow executions: the enrichment of single leads, and the runs that are about no lead in particular."""

from typing import Any

from lma_graph.demo import texts
from lma_graph.demo.draws import DAY, HOUR, Weighted, document, moment, pick, source
from lma_graph.demo.ground import Ground, Organization
from lma_graph.demo.sheet import Sheet
from lma_graph.demo.story import NOTHING, Story
from lma_graph.executions.models import ExecutionStatus

E = ExecutionStatus
ENRICHMENT, NIGHTLY = 0, 5
"""Numbers of the workflows that have run."""

_END = Weighted((E.SUCCEEDED, 88), (E.FAILED, 7), (E.EXHAUSTED, 3), (E.CANCELLED, 2))
_NIGHTS = (E.RUNNING, E.SUCCEEDED, E.SUCCEEDED, E.FAILED, E.SUCCEEDED, E.SUCCEEDED, E.SUCCEEDED, E.EXHAUSTED,
           E.SUCCEEDED, E.SUCCEEDED, E.CANCELLED, E.SUCCEEDED, E.SUCCEEDED, E.SUCCEEDED)  # fmt: skip
"""How the nightly run ended, the latest first; the latest has not."""


def enrich(story: Story, sheet: Sheet) -> str:
    """For some leads a run of the enrichment; the JSON of what it found."""
    company = story.person.company
    if company is None or story.draw.random() > 0.28:
        return NOTHING
    began, status = story.born + 20, _END(story.draw)
    if status is not E.SUCCEEDED:
        _run(story, sheet, began, status, None)
        return NOTHING
    confidence = round(0.6 + 0.39 * story.draw.random(), 2)
    _run(story, sheet, began, status, confidence)
    origin = {"source": "n8n", "time": moment(began + 15).isoformat(), "confidence": confidence}
    found: dict[str, Any] = {"employees": company.employees, "industry": company.trade, "domain": company.domain}
    return document({name: {"value": value, **origin} for name, value in found.items()})


def _run(story: Story, sheet: Sheet, began: int, status: ExecutionStatus, confidence: float | None) -> None:
    home, good = story.home, confidence is not None
    number = sheet.number("workflow_executions")
    error = pick(story.draw, texts.RUN_ERRORS) if status in {E.FAILED, E.EXHAUSTED} else None
    took, attempt = (20 * HOUR // 60, 5) if status is E.EXHAUSTED else (15, 1)
    sheet.add(
        "workflow_executions", home.id, number, None, story.id, home.workflows + ENRICHMENT, "N8N", status,
        document({"event": "LEAD_CREATED", "email": story.person.email}),
        document({"fields": ["employees", "industry", "domain"]}) if good else None, error, 1, int(good), confidence,
        f"n8n-{number}", attempt, moment(began), moment(began + took), moment(began),
    )  # fmt: skip


def nightly(ground: Ground, home: Organization, first: int, sheet: Sheet) -> None:
    """The organization's nightly runs, one of them still at work; ids from `first`, the oldest first."""
    draw = source(ground.seed, "nightly", home.number)
    for place, status in enumerate(reversed(_NIGHTS)):
        nights = len(_NIGHTS) - 1 - place
        began = ground.until - nights * DAY - 120
        ended = None if status is E.RUNNING else moment(began + 30 + int(draw.random() * 80))
        error = pick(draw, texts.RUN_ERRORS) if status in {E.FAILED, E.EXHAUSTED} else None
        seen = int(draw.random() * home.count * 0.02)
        output = document({"stale": seen // 4}) if status is E.SUCCEEDED else None
        sheet.add(
            "workflow_executions", home.id, first + place, None, None, home.workflows + NIGHTLY, "N8N", status,
            document({"event": "SCHEDULE"}), output, error, seen, 0, None, f"n8n-{first + place}",
            5 if status is E.EXHAUSTED else 1, moment(began), ended, moment(began),
        )  # fmt: skip
