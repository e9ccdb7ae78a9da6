"""What a new or changed rule would do to scores, tried out without writing. Enter at `preview`.

How that is asked of the leads is in `engine.trial`. In large organizations it is an even part of them, so that an
answer comes in time.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.kernel.criteria import Filter, to_stored
from lma_graph.kernel.errors import Denied, FieldError, InvalidInput, NotFound
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import ORGANIZATION, Scope, table_of
from lma_graph.kernel.transactions import Row, Transaction
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.models import LeadTemperature
from lma_graph.scoring.engine import rules as engine
from lma_graph.scoring.engine.trial import BUCKET, LAST_BUCKET, Draft, counted, leads_of, statement
from lma_graph.scoring.models import LeadScoringRuleRow
from lma_graph.scoring.service import rules

MOST_LOOKED_AT = 100_000
"""On about how many leads a rule is tried at most."""
_NEW = ("rule_type", "criteria", "score_points")
"""What a new rule cannot do without."""


async def preview(transaction: Transaction, given: Mapping[str, Any], chosen: Filter | None) -> dict[str, Any]:
    """What scores would be with a rule of these column values, `id` for one that is there, its criteria a filter.

    Raises `Denied`, `NotFound`, and `InvalidInput` where the values do not fit together.
    """
    if not transaction.viewer.may(Permission.SCORING_WRITE):
        raise Denied(Permission.SCORING_WRITE)
    draft = await _draft(transaction, given)
    known, scope = await engine.read(transaction), Scope.of(transaction.viewer)
    (all_of,) = await transaction.rows(counted(scope, chosen))
    part = -(-all_of.leads // MOST_LOOKED_AT) or 1
    number = None if draft.stored is None else draft.stored.id
    values = {"rule": number, **({"part": part} if part > 1 else {})}
    (found,) = await transaction.rows(statement(draft, known, leads_of(scope, chosen, part)), values)
    assert draft.rule.criteria is not None
    leads, matched, changed = orjson.loads(found.counts)
    return {
        "condition": draft.rule.criteria.words,
        "leads": leads,
        "one_in": part,
        "matched": matched,
        "changed": changed,
        "never_matches": matched == 0,
        "always_matches": matched == leads > 0,
        "distribution": _bars(orjson.loads(found.distribution)),
        "temperature_flow": _flow(orjson.loads(found.flow)),
        "samples": [_sample(one) for one in orjson.loads(found.samples)],
    }


async def _draft(transaction: Transaction, given: Mapping[str, Any]) -> Draft:
    stored = await _stored(transaction, given["id"]) if "id" in given else None
    values = rules.columns_of(given)
    if stored is None:
        missing = [name for name in _NEW if name not in values]
        if missing:
            raise InvalidInput([FieldError((camel(one),), "Needed by a new rule.", "MISSING_VALUE") for one in missing])
        whole = {**rules.DEFAULTS, "name": "", **values}
    else:
        known = engine.made(stored._asdict()).criteria
        whole = {**stored._asdict(), "criteria": known, **rules.without(values), **values}
    found = [fault for fault, _ in rules.inconsistencies(whole)]
    if whole["criteria"] is None:
        assert stored is not None
        found += engine.made(stored._asdict()).faults
    if found:
        raise InvalidInput(found)
    rule = engine.made({**whole, "criteria": to_stored(whole["criteria"])}, transaction.viewer.time_zone)
    return Draft(rule, whole["is_active"], stored)


async def _stored(transaction: Transaction, number: int) -> Row:
    row = table_of(LeadScoringRuleRow).alias("r")
    asked = sa.select(*row.c).where(row.c.organization_id == ORGANIZATION, row.c.id == sa.bindparam("rule"))
    found = await transaction.rows(asked, {"rule": number})
    if not found:
        raise NotFound("There is no such scoring rule.", path=("id",))
    if found[0].deleted_at is not None:
        raise InvalidInput.at(("id",), "The rule is retired; leave the id out to try out a new one.", "NOT_ALLOWED")
    return found[0]


def _bars(found: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Bar after bar from the lowest to the highest, those between without leads too."""
    known = {bar: (before, after) for bar, before, after in found}
    return [
        {
            "from": None if bar == -LAST_BUCKET else bar * BUCKET,
            "to": None if bar == LAST_BUCKET else (bar + 1) * BUCKET - 1,
            "before": known.get(bar, (0, 0))[0],
            "after": known.get(bar, (0, 0))[1],
        }
        for bar in (range(min(known), max(known) + 1) if known else ())
    ]


def _flow(found: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    known = {(was, warmth): count for was, warmth, count in found}
    pairs = [(was.value, warmth.value) for was in LeadTemperature for warmth in LeadTemperature]
    return [{"from": was, "to": warmth, "count": known.get((was, warmth), 0)} for was, warmth in pairs]


def _sample(found: Sequence[Any]) -> dict[str, Any]:
    lead, given, gives, before, after, was, warmth = found
    return {
        "lead": lead,
        "points_before": given,
        "points_after": gives,
        "score_before": before,
        "score_after": after,
        "temperature_before": was,
        "temperature_after": warmth,
    }
