"""Creating leads or changing those that are there, many at once, whoever else does the same. Enter at `upsert`.

The order of the statements is what makes it safe. Missing leads are inserted first, in the order of their keys, and
what another caller has inserted meanwhile is waited for and found; only then are the leads that exist locked, in the
order of their ids. So nobody waits for a key while holding a lock, and callers never wait in a circle.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import asyncpg

from lma_graph.activities import ledger
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import ActivityType
from lma_graph.kernel import ids
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.errors import FieldError
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.leads import inserting, writing
from lma_graph.leads.occasions import LEAD_CREATED
from lma_graph.leads.service import life

_ROUNDS = 8
"""How often a lead may appear or vanish between two statements before the whole is begun anew."""


class MatchOn(Choice):
    """What tells which lead a row is about."""

    EMAIL = "EMAIL", "The e-mail address, without regard to case and surrounding space."
    EXTERNAL_ID = "EXTERNAL_ID", "The external source and the external id together."


class UpsertAction(Choice):
    """What became of a row."""

    CREATED = "CREATED", "A lead was created of it."
    UPDATED = "UPDATED", "It changed a lead."
    UNCHANGED = "UNCHANGED", "The lead was as the row says already."
    FAILED = "FAILED", "Nothing was written of it; `errors` says why."


@dataclass
class Given:
    """One row of a call, and what becomes of it."""

    index: int
    values: dict[str, Any]
    """By names of columns."""
    faults: list[FieldError]
    norm: str | None = None
    """The e-mail address as Postgres matches it."""
    action: UpsertAction = UpsertAction.FAILED
    target: "Target | None" = None
    conflicts: list[int] = field(default_factory=list)
    of_a_part: bool = False
    """Whether its external id is that of a lead that was merged into the target, where it stays."""

    @property
    def external(self) -> tuple[str, str] | None:
        """The external id with its source."""
        source, number = self.values.get("external_source"), self.values.get("external_id")
        return None if source is None or number is None else (source, number)

    def refuse(self, kind: str, message: str, place: str, *leads: int) -> None:
        """Have it fail."""
        self.faults.append(FieldError((place,) if place else (), message, kind))
        self.conflicts += leads

    def outcome(self) -> dict[str, Any]:
        """What the caller is told of it."""
        failed = bool(self.faults)
        return {
            "index": self.index,
            "action": (UpsertAction.FAILED if failed else self.action).value,
            "lead": None if failed or self.target is None else self.target.number,
            "conflicts": sorted(set(self.conflicts)),
            "errors": [
                FieldError(("input", "leads", self.index, *one.path), one.message, one.code).as_json()
                for one in self.faults
            ],
        }


@dataclass
class Target:
    """The lead that rows with one key are about."""

    key: Any
    rows: list[Given]
    number: int | None = None
    """Its id, once it is known."""
    seen: str | None = None
    """Its e-mail address as it was written when it was found."""


_EXTERNAL = frozenset({"external_source", "external_id"})
_MATCH = """
WITH given AS MATERIALIZED (
    SELECT place, lower(btrim(email)) AS norm, source, external
    FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS i(email, source, external, place)
)
SELECT given.norm, e.id AS by_email, e.email, x.id AS by_external, x.deleted_at IS NOT NULL AS deleted, x.merged_into_id
FROM given
LEFT JOIN leads e ON e.organization_id = $1 AND e.email_norm = given.norm AND e.deleted_at IS NULL
LEFT JOIN leads x ON x.organization_id = $1 AND x.external_source = given.source AND x.external_id = given.external
ORDER BY given.place
"""


async def upsert(
    unit: UnitOfWork, match_on: MatchOn, leads: Sequence[tuple[Mapping[str, Any], Sequence[FieldError]]]
) -> list[Given]:
    """Create or change a lead by each row, given by column names and with the faults it has already.

    A bad row fails alone. Rows about one lead are applied one after the other.
    """
    rows = [Given(index, dict(values), list(faults)) for index, (values, faults) in enumerate(leads)]
    for row in rows:
        _require_key(row, match_on)
    await _Call(unit, match_on, rows).run()
    return rows


def _require_key(row: Given, match_on: MatchOn) -> None:
    if match_on is MatchOn.EMAIL:
        wanted = {"email": "email"}
    else:
        wanted = {"external_source": "externalSource", "external_id": "externalId"}
    named = {str(fault.path[0]) for fault in row.faults if fault.path}
    for column, public in wanted.items():
        if row.values.get(column) is None and public not in named:
            row.refuse("MISSING_VALUE", "The lead is matched by this, so it must be there.", public)


@dataclass
class _Call:
    unit: UnitOfWork
    match_on: MatchOn
    rows: list[Given]
    claims: dict[tuple[str, Any], Target] = field(default_factory=dict)
    """E-mail addresses and external ids that rows of this call have given to leads."""
    first: dict[int, asyncpg.Record] = field(default_factory=dict)
    """What was found when it was looked for the first time."""

    async def run(self) -> None:
        open_ = await self._targets()
        missed: set[int] = set()
        for _ in range(_ROUNDS):
            found = await self._present(open_)
            held = await writing.locked(self.unit, {target.number for target in found if target.number is not None})
            good = [(target, held[target.number or 0]) for target in found if self._is_still(target, held)]
            await self._change(good)
            open_ = []
            for target in found:
                if self._is_still(target, held):
                    continue
                if target.number in missed:  # twice there and not held: it is there, but not for this viewer
                    _refuse_all(target.rows, *self._hidden())
                    continue
                if target.number not in held:
                    missed.add(target.number or 0)
                open_.append(target)
            if not open_:
                return
        raise asyncpg.SerializationError("Leads appear and vanish faster than they can be held.")

    def _is_still(self, target: Target, held: Mapping[int, Row]) -> bool:
        """Whether the lead that is held is the one that was found: another caller may have changed its key."""
        row = held.get(target.number or 0)
        if row is None:
            return False
        if self.match_on is MatchOn.EMAIL:
            return bool(row.email == target.seen)
        return all(one.of_a_part for one in target.rows) or (row.external_source, row.external_id) == target.key

    def _hidden(self) -> tuple[str, str, str]:
        if self.match_on is MatchOn.EMAIL:
            return "DUPLICATE_EMAIL", "Another lead has this e-mail address.", "email"
        return "DUPLICATE_EXTERNAL_ID", "Another lead has this external id.", "externalId"

    async def _targets(self) -> list[Target]:
        """The rows that are good so far, together by their key."""
        good = [row for row in self.rows if not row.faults]
        found: dict[Any, Target] = {}
        matches = await self._matches(good)
        self.first = {row.index: match for row, match in zip(good, matches, strict=True)}
        for row, match in zip(good, matches, strict=True):
            row.norm = match["norm"]
            key = row.norm if self.match_on is MatchOn.EMAIL else row.external
            row.target = found.setdefault(key, Target(key, []))
            row.target.rows.append(row)
        return list(found.values())

    async def _matches(self, rows: Sequence[Given]) -> Sequence[asyncpg.Record]:
        if not rows:
            return ()
        names = ("email", "external_source", "external_id")
        arrays = [[row.values.get(name) for row in rows] for name in names]
        return await self.unit.fetch(_MATCH, self.unit.viewer.organization_id, *arrays)

    async def _present(self, targets: Sequence[Target]) -> list[Target]:
        """Those whose lead exists, after the missing ones were created."""
        found: list[Target] = []
        for _ in range(_ROUNDS):
            missing = await self._match(targets, found)
            if not missing:
                return found
            targets = await self._create(sorted(missing, key=lambda target: target.key))
            if not targets:
                return found
        raise asyncpg.SerializationError("Leads appear and vanish faster than they can be found.")

    async def _match(self, targets: Sequence[Target], found: list[Target]) -> list[Target]:
        """Look for the targets' leads; what is to be created is returned, the rest goes to `found` or has failed."""
        rows = [row for target in targets for row in target.rows]
        matches = self.first or dict(zip((row.index for row in rows), await self._matches(rows), strict=True))
        self.first = {}  # from now on others may have written
        missing = []
        for target in targets:
            self._check(target, matches)
            target.rows = [row for row in target.rows if not row.faults]
            if target.rows and target.number is None:
                missing.append(target)
            elif target.rows:
                found.append(target)
        return missing

    def _check(self, target: Target, matches: dict[int, asyncpg.Record]) -> None:
        """Which lead the target is, and which rows cannot be about it since another has their other key."""
        match = matches[target.rows[0].index]
        target.number, target.seen = match["by_email"], match["email"]
        if self.match_on is MatchOn.EXTERNAL_ID:
            target.number = match["merged_into_id"] or match["by_external"]
            if match["deleted"] and match["merged_into_id"] is None:
                message = "The lead with this external id is deleted; restore it first."
                return _refuse_all(target.rows, "DELETED", message, "externalId", match["by_external"])
        for row in target.rows:
            self._check_other(row, target, matches[row.index])
        return None

    def _check_other(self, row: Given, target: Target, match: asyncpg.Record) -> None:
        by_email = self.match_on is MatchOn.EMAIL
        other = match["by_external"] if by_email else match["by_email"]
        row.of_a_part = target.number is not None and match["merged_into_id"] == target.number
        if row.of_a_part and by_email:
            return
        if other is None or other == target.number:
            return
        what, where = ("external id", "externalId") if by_email else ("e-mail address", "email")
        if target.number is None:
            kind = "DUPLICATE_EXTERNAL_ID" if by_email else "DUPLICATE_EMAIL"
            row.refuse(kind, f"Another lead has this {what}.", where, other)
        else:
            mine = "e-mail address" if by_email else "external id"
            text = f"The {mine} is that of lead {_id(target.number)}, the {what} that of lead {_id(other)}."
            row.refuse("MATCHES_TWO_LEADS", text, where, target.number, other)

    # --- writing ---

    async def _create(self, targets: Sequence[Target]) -> list[Target]:
        """Insert leads; those whose key another caller was quicker with are returned."""
        made = []
        for target in targets:
            state = _blank()
            changes = self._fold(target, state)
            if any(not row.faults for row in target.rows):
                made.append((target, {**changes, "custom_fields": state.custom_fields}))
        written = await inserting.insert(self.unit, [lead for _, lead in made]) if made else {}
        lost, new = [], []
        for at, (target, lead) in enumerate(made):
            if at in written:
                target.number = written[at][0]
                metadata = {"source": lead.get("source") or "OTHER"}
                new.append(Entry(target.number, ActivityType.LEAD_CREATED, metadata))
            else:
                self._forget(target)
                lost.append(target)
        await ledger.record(self.unit, new)
        await LEAD_CREATED(self.unit, [entry.lead_id for entry in new])
        return lost

    async def _change(self, held: Sequence[tuple[Target, Row]]) -> None:
        """Change the leads that are there."""
        changes: list[tuple[Row, Mapping[str, Any]]] = []
        for target, row in held:
            state = SimpleNamespace(**dict(zip(row._fields, row, strict=True)))
            every = self._fold(target, state, created=False)
            values = {name: value for name, value in every.items() if getattr(row, name) != value}
            if values:
                changes.append((row, values))
        if changes:
            await life.write(self.unit, changes)

    def _fold(self, target: Target, state: Any, *, created: bool = True) -> dict[str, Any]:
        """Apply the rows of a target to its state, one after the other; everything that they have set."""
        every: dict[str, Any] = {}
        for row in target.rows:
            values = dict(row.values)
            if row.of_a_part:
                values = {name: value for name, value in values.items() if name not in _EXTERNAL}
            if self.match_on is MatchOn.EMAIL and state.email is not None:
                del values["email"]  # it is the same, in other letters perhaps
            changes = life.changed(state, values)
            faults = list(life.inconsistencies({**vars(state), **changes}, changes))
            row.faults += faults
            if faults or not self._claim(row, target):
                continue
            for name, value in changes.items():
                setattr(state, name, value)
            every |= changes
            if created:
                row.action, created = UpsertAction.CREATED, False
            else:
                row.action = UpsertAction.UPDATED if changes else UpsertAction.UNCHANGED
        return every

    def _claim(self, row: Given, target: Target) -> bool:
        """Whether no other lead of this call has the row's e-mail address or external id."""
        for what, key, kind, where in (
            ("e-mail address", row.norm, "DUPLICATE_EMAIL", "email"),
            ("external id", row.external, "DUPLICATE_EXTERNAL_ID", "externalId"),
        ):
            if key is not None and self.claims.setdefault((where, key), target) is not target:
                others = [number for number in (self.claims[where, key].number,) if number is not None]
                row.refuse(kind, f"An earlier row gives another lead this {what}.", where, *others)
                return False
        return True

    def _forget(self, target: Target) -> None:
        self.claims = {key: owner for key, owner in self.claims.items() if owner is not target}
        for row in target.rows:  # they were good until they were put together
            row.faults.clear()
            row.conflicts.clear()


def _blank() -> SimpleNamespace:
    """The state of a lead before it is created."""
    missing: dict[str, Any] = dict.fromkeys(writing.COLUMNS)
    return SimpleNamespace(**missing | {"status": "NEW", "source": "OTHER", "tags": [], "custom_fields": {}})


def _refuse_all(rows: Iterable[Given], kind: str, message: str, place: str, *leads: int) -> None:
    for row in rows:
        row.refuse(kind, message, place, *leads)


def _id(number: int) -> str:
    return ids.encode("Lead", number)


def counted(outcomes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    """How many rows ended in each way."""
    ends = [one["action"] for one in outcomes]
    return ((action.value.lower(), ends.count(action.value)) for action in UpsertAction)
