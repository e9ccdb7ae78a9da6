"""Conditions on leads, each written twice side by side: as a stored filter, and as a function of a lead being made.

So the members of a campaign are leads its `targetCriteria` would select, and the points in a score history are those
the rules would give.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lma_graph.demo.story import Story
from lma_graph.kernel.criteria.stored import to_stored
from lma_graph.leads.criteria import LEAD

Filter = dict[str, Any]


def stored(expression: Filter) -> Filter:
    """A `LeadFilter`, checked, in the form in which criteria are stored."""
    return to_stored(LEAD.filter(expression))


@dataclass(frozen=True)
class Audience:
    """A condition on leads, as a filter and as a function."""

    expression: Filter
    matches: Callable[[Story], bool]


def employees(least: int) -> Audience:
    """Companies of at least so many people."""
    return Audience(
        {"customFields": [{"path": ["employees"], "gte": least}]},
        lambda story: story.employees is not None and story.employees >= least,
    )


def countries(*codes: str) -> Audience:
    """People in these countries."""
    return Audience(
        {"customFields": [{"path": ["country"], "in": list(codes)}]},
        lambda story: story.person.country in codes,
    )


def sources(*names: str) -> Audience:
    """Leads that came from there."""
    return Audience({"source": {"in": list(names)}}, lambda story: story.source in names)


def tagged(*tags: str) -> Audience:
    """Leads with one of these tags."""
    return Audience({"tags": {"containsAny": list(tags)}}, lambda story: any(tag in story.tags for tag in tags))


def plan(name: str) -> Audience:
    """Leads interested in this plan."""
    return Audience({"customFields": [{"path": ["plan"], "eq": name}]}, lambda story: story.plan == name)


REACHABLE = Audience({"email": {"isNull": False}}, lambda story: story.person.email is not None)
