"""The organization's rules of assignment, in `settings.assignment`. Enter at `read_rules` and `store_rules`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.kernel import ids
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.criteria import Filter, read_stored, to_stored
from lma_graph.kernel.errors import FieldError, InvalidInput
from lma_graph.kernel.scope import ORGANIZATION, table_of
from lma_graph.kernel.transactions import Transaction, UnitOfWork
from lma_graph.leads.criteria import LEAD
from lma_graph.organizations.models import OrganizationRow
from lma_graph.users.service import require_active


class RuleStrategy(Choice):
    """How leads are dealt among several users."""

    ROUND_ROBIN = "ROUND_ROBIN", "In turn: who has waited longest is next, also from one call to the next."
    LEAST_LOADED = "LEAST_LOADED", "To whoever has the fewest leads not yet converted, lost or unqualified."


@dataclass(frozen=True)
class Pool:
    """Users among whom leads are dealt: those of a rule, or those named in a call."""

    users: tuple[int, ...]
    strategy: RuleStrategy
    name: str | None = None
    criteria: Filter | None = None
    """Which leads are theirs; all of them without."""


_STORE = """
UPDATE organizations
SET settings = settings || jsonb_build_object('assignment', coalesce(settings -> 'assignment', '{}') || $2::jsonb),
    updated_at = now()
WHERE id = $1
"""


async def read_rules(transaction: Transaction) -> list[Pool]:
    """The rules in their order. Raises `InvalidInput` where there is none, or one that cannot be used any more."""
    table = table_of(OrganizationRow)
    settings = (await transaction.rows(sa.select(table.c.settings).where(table.c.id == ORGANIZATION)))[0][0]
    found = stored_in(settings)
    if not found:
        text = "The organization has no assignment rules; setAssignmentRules makes them."
        raise InvalidInput.at(("strategy",), text, "NO_RULES")
    faults = [FieldError(("strategy",), text, "INVALID_RULE") for _, text in map(_judged, found) if text]
    if faults:
        raise InvalidInput(faults)
    return [pool for pool, _ in map(_judged, found) if pool is not None]


def stored_in(settings: Mapping[str, Any]) -> list[Any]:
    """The rules of an organization's settings, as they are stored."""
    rules = (settings.get("assignment") or {}).get("rules")
    return rules if isinstance(rules, list) else []


def fault_of(rule: Any) -> str | None:
    """Why a stored rule cannot be used; None for a sound one."""
    return _judged(rule)[1]


def users_of(rule: Any) -> list[int]:
    """The users of a stored rule."""
    named = rule.get("userIds") if isinstance(rule, Mapping) else None
    numbers = [ids.number_of(one, "User") for one in named or () if isinstance(one, str)]
    return [number for number in numbers if number is not None]


def _judged(rule: Any) -> tuple[Pool | None, str | None]:
    name = rule.get("name") if isinstance(rule, Mapping) else None
    if not isinstance(name, str):
        return None, "An assignment rule without a name cannot be used; set the rules anew."
    refused = f"The assignment rule “{name}” cannot be used"
    try:
        criteria = read_stored(LEAD, rule.get("criteria"))
    except InvalidInput as error:
        return None, f"{refused}: {error.message}"
    users = users_of(rule)
    if not users or rule.get("strategy") not in set(RuleStrategy):
        return None, f"{refused}: it has no users or no strategy."
    return Pool(tuple(users), RuleStrategy[rule["strategy"]], name, criteria), None


async def store_rules(unit: UnitOfWork, rules: Sequence[Pool]) -> int:
    """Replace the organization's rules; its id. Raises `NotFound` and `InvalidInput` for users who are not there."""
    faults = list(_faults(rules))
    if faults:
        raise InvalidInput(faults)
    for place, rule in enumerate(rules):
        for at, user in enumerate(rule.users):
            await require_active(unit, [user], ("rules", place, "userIds", at))
    written = orjson.dumps({"rules": [_written(rule) for rule in rules]}).decode()
    await unit.execute(_STORE, unit.viewer.organization_id, written)
    return unit.viewer.organization_id


def _written(rule: Pool) -> dict[str, Any]:
    assert rule.criteria is not None
    users = [ids.encode("User", number) for number in rule.users]
    return {
        "name": rule.name,
        "criteria": to_stored(rule.criteria),
        "userIds": users,
        "strategy": rule.strategy.value,
    }


def _faults(rules: Sequence[Pool]) -> Iterator[FieldError]:
    names: set[str | None] = set()
    for place, rule in enumerate(rules):
        if rule.name in names:
            yield FieldError(("rules", place, "name"), "Another rule has this name.", "DUPLICATE")
        names.add(rule.name)
        if not rule.users:
            yield FieldError(("rules", place, "userIds"), "A rule needs at least one user.", "MISSING_VALUE")
