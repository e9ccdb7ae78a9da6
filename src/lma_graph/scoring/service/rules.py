"""Scoring rules: making, changing and retiring them, and what that does to the leads.

A change of a rule is rescored with it: the leads that the rule can touch are those it is for now and those it has
given points to. See `rescoring` for how, and for what runs at the same time.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel.criteria import Filter, to_stored
from lma_graph.kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import ORGANIZATION, table_of
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.kernel.writing import written
from lma_graph.scoring.engine import rules as engine
from lma_graph.scoring.models import LeadScoringRuleRow, RuleFrequency, RuleType
from lma_graph.scoring.service import rescoring

DEFAULTS: Mapping[str, Any] = {
    "description": None,
    "priority": 100,
    "is_active": True,
    "frequency": RuleFrequency.ONCE.value,
    "frequency_limit": None,
    "frequency_period": None,
    "half_life_days": None,
}
GIVING = frozenset(
    {
        "rule_type",
        "criteria",
        "score_points",
        "is_active",
        "frequency",
        "frequency_limit",
        "frequency_period",
        "half_life_days",
    }
)
"""What of a rule decides to whom it gives how many points."""
_COLUMNS = frozenset({"name", "score_points", "rule_type", "criteria", *DEFAULTS})
_LIMIT = ("frequency_limit", "frequency_period")
_ROWS = table_of(LeadScoringRuleRow)
_THIS = (_ROWS.c.organization_id == ORGANIZATION, _ROWS.c.id == sa.bindparam("rule_id", type_=sa.BigInteger()))


def columns_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a rule; everything else that was given is left out."""
    return {name: value for name, value in given.items() if name in _COLUMNS}


async def create(unit: UnitOfWork, values: Mapping[str, Any]) -> dict[str, Any]:
    """A new rule of the given column values, its criteria a filter; its points are given.

    Raises `InvalidInput` where the values do not fit together.
    """
    whole = {**DEFAULTS, **values}
    _refuse(whole, whole.keys())
    whole["criteria"] = to_stored(whole["criteria"])
    statement = sa.insert(_ROWS).values(organization_id=ORGANIZATION, **whole).returning(_ROWS.c.id)
    number: int = (await unit.rows(written(statement)))[0].id
    return {"rule": number, **await _rescored(unit, number, "createScoringRule", gives=whole["is_active"])}


async def update(unit: UnitOfWork, number: int, patch: Mapping[str, Any]) -> dict[str, Any]:
    """Change values of a rule, given by column name; its points are given and taken accordingly.

    What goes with another frequency or type goes by itself: the limit with `AT_MOST`, the half-life with `DECAY`.
    Raises `NotFound`, `Conflict` (`RULE_RETIRED`) and `InvalidInput`.
    """
    row = await _held(unit, number)
    wanted = {**without(patch), **patch}
    whole = {**row._asdict(), **wanted}
    if "criteria" in wanted:
        wanted["criteria"] = to_stored(wanted["criteria"])
    changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    read = whole["criteria"] if "criteria" in patch else engine.made(row._asdict()).criteria
    _refuse({**whole, "criteria": read}, changed.keys(), "patch")
    if changed:
        statement = sa.update(_ROWS).where(*_THIS).values(**changed, updated_at=sa.func.now()).returning(_ROWS.c.id)
        await unit.rows(written(statement), {"rule_id": number})
    gives = bool(changed.keys() & GIVING) and (row.is_active or whole["is_active"])
    return {"rule": number, **await _rescored(unit, number, "updateScoringRule", gives=gives)}


async def retire(unit: UnitOfWork, number: int) -> dict[str, Any]:
    """Take a rule out of use, and the points it has given back. Raises `NotFound`, and `Conflict` (`RULE_RETIRED`)."""
    await _held(unit, number)
    values = {"deleted_at": sa.func.now(), "updated_at": sa.func.now()}
    await unit.rows(written(sa.update(_ROWS).where(*_THIS).values(values).returning(_ROWS.c.id)), {"rule_id": number})
    return {"rule": number, **await _rescored(unit, number, "deleteScoringRule", gives=True)}


def faults_of(row: Any) -> Sequence[FieldError]:
    """Why a rule cannot be used any more, by what is stored of it."""
    stored = {"criteria": row.criteria, "rule_type": row.rule_type, "frequency": row.frequency}
    return engine.made({**stored, "name": "", "score_points": 0}).faults


def inconsistencies(values: Mapping[str, Any]) -> Iterator[tuple[FieldError, frozenset[str]]]:
    """What is wrong between the values of a rule, and of which columns that is; the criteria are a filter or absent."""
    frequency = values.get("frequency") or RuleFrequency.ONCE
    decays, limited = values.get("rule_type") == RuleType.DECAY, frequency == RuleFrequency.AT_MOST
    for name in _LIMIT:
        yield from _only(name, values, wanted=limited, by="frequency", words="a frequency of AT_MOST")
    yield from _only("half_life_days", values, wanted=decays, by="rule_type", words="a rule of type DECAY")
    if decays and frequency != RuleFrequency.ONCE:
        text = "A rule of type DECAY gives its points ONCE, and then fewer and fewer of them."
        yield FieldError(("frequency",), text, "NOT_ALLOWED"), frozenset({"frequency", "rule_type"})
        frequency = RuleFrequency.ONCE
    criteria: Filter | None = values.get("criteria")
    for fault in engine.faults_of(criteria, RuleFrequency[frequency]) if criteria is not None else ():
        yield fault, frozenset({"criteria", str(fault.path[0])})


def _only(
    name: str, values: Mapping[str, Any], *, wanted: bool, by: str, words: str
) -> Iterator[tuple[FieldError, frozenset[str]]]:
    given = values.get(name) is not None
    if wanted and not given:
        yield FieldError((camel(name),), f"Needed by {words}.", "MISSING_VALUE"), frozenset({name, by})
    elif given and not wanted:
        yield FieldError((camel(name),), f"Goes only with {words}.", "NOT_ALLOWED"), frozenset({name, by})


def _refuse(values: Mapping[str, Any], touched: Set[str], *under: str) -> None:
    """Raise where touched columns do not fit; what a rule came with keeps nobody from changing something else."""
    found = [fault for fault, about in inconsistencies(values) if about & touched]
    if found:
        raise InvalidInput([FieldError((*under, *one.path), one.message, one.code) for one in found])


def without(patch: Mapping[str, Any]) -> dict[str, Any]:
    """What a patch takes away without saying so."""
    gone: dict[str, Any] = {}
    if patch.get("frequency", RuleFrequency.AT_MOST) != RuleFrequency.AT_MOST:
        gone |= dict.fromkeys(_LIMIT)
    if patch.get("rule_type", RuleType.DECAY) != RuleType.DECAY:
        gone["half_life_days"] = None
    return gone


async def _held(unit: UnitOfWork, number: int) -> Row:
    """The rule, locked. Raises `NotFound`, and `Conflict` where it is retired."""
    found = await unit.rows(sa.select(_ROWS).where(*_THIS).with_for_update(key_share=True), {"rule_id": number})
    if not found:
        raise NotFound("There is no such scoring rule.", path=("id",))
    if found[0].deleted_at is not None:
        raise Conflict("The rule is retired; make a new one.", path=("id",), kind="RULE_RETIRED")
    return found[0]


async def _rescored(unit: UnitOfWork, number: int, mutation: str, *, gives: bool) -> dict[str, Any]:
    if not gives:
        return {"changed": 0}
    return await rescoring.follow(unit, mutation, rule=number)
