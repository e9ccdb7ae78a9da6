"""Random rules, settings and moments: what the engine writes is what plain Python says, and never anything twice.

`LMA_FUZZ_EXAMPLES` is the number of examples; above the usual number they are drawn anew in each run. Each begins with
leads that have some points already, and scores them twice: by some rules, and then by others, while of the first one
stays, whose criteria vanish.
"""

import datetime as dt
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "criteria"))

from filters import filters
from oracle import Oracle
from population import populate
from scoring_oracle import Judge

from lma_graph.activities.criteria import ACTIVITY
from lma_graph.kernel.criteria import Vocabulary
from lma_graph.leads.criteria import LEAD
from lma_graph.scoring.engine.rules import made
from lma_graph.scoring.engine.run import rescore
from world import World

USUAL = 25
EXAMPLES = int(os.environ.get("LMA_FUZZ_EXAMPLES", USUAL))
EXAMPLE = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES <= USUAL,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
ZONE = "America/New_York"
VANISHED = {"v": 1, "format": "filter", "expr": {"vanished": {"eq": 1}}}
RECENT = {"completedAt": {"withinLast": "P30D"}}
TOUCHED = """
SELECT id, score, lead_temperature, version, updated_at, deleted_at FROM leads WHERE organization_id = $1 ORDER BY id
"""
LEDGER = "SELECT * FROM lead_score_history WHERE organization_id = $1 ORDER BY id"
TRAIL = """
SELECT id, lead_id, activity_type, metadata FROM activities
WHERE organization_id = $1 AND activity_type IN ('SCORE_CHANGE', 'FIELD_CHANGE') ORDER BY id
"""
EVENTS = "SELECT name, payload FROM outbox_events WHERE organization_id = $1 ORDER BY id"
RULES = "SELECT * FROM lead_scoring_rules WHERE organization_id = $1 ORDER BY priority, id"
BLANK = """
DELETE FROM lead_score_history WHERE organization_id = {id};
DELETE FROM lead_scoring_rules WHERE organization_id = {id};
DELETE FROM activities WHERE organization_id = {id} AND activity_type IN ('SCORE_CHANGE', 'FIELD_CHANGE');
UPDATE leads SET score = (id % 4) * 20, lead_temperature = 'COLD' WHERE organization_id = {id};
INSERT INTO lead_score_history (organization_id, lead_id, previous_score, new_score, score_change, kind)
SELECT {id}, id, 0, score, score, CASE id % 8 WHEN 1 THEN 'MANUAL' ELSE 'OPENING' END
FROM leads WHERE organization_id = {id} AND score > 0;
"""


@dataclass
class Ground:
    """The organization and its rows."""

    world: World
    owner: asyncpg.Connection
    rows: dict[str, list[Any]]
    oracle: Oracle
    pools: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def values(self, vocabulary: Vocabulary, name: str) -> list[Any]:
        """The values that occur under a plain key of a filter."""
        key = (vocabulary.name, name)
        if key not in self.pools:
            rows = self.oracle.rows[vocabulary.name] if name != "tags" else []
            self.pools[key] = sorted({self.oracle.value(row, name) for row in rows} - {None})
        return self.pools[key]

    async def rules(self) -> list[dict[str, Any]]:
        """All rules, each with whether it is sound."""
        rows = [dict(row) for row in await self.world.fetch(RULES)]
        return [{**row, "sound": made(row).is_valid} for row in rows]


@pytest.fixture(scope="module")
async def ground(database, owner_url) -> Any:
    owner = await asyncpg.connect(owner_url)
    world = await World.create(database, owner, timeZone=ZONE)
    rows = await populate(world)
    yield Ground(world, owner, rows, Oracle(rows, viewer=None, private=False, own=False))
    await owner.close()


@st.composite
def rules(draw: st.DrawFn, ground: Ground) -> dict[str, Any]:
    """A rule that can be read."""
    kind = draw(st.sampled_from(("DEMOGRAPHIC", "FIRMOGRAPHIC", "BEHAVIORAL", "ENGAGEMENT", "NEGATIVE", "DECAY")))
    once = kind == "DECAY" or draw(st.booleans())
    limited = not once and draw(st.booleans())
    tree = draw(filters(LEAD, ground.values, 2) if once else counting(ground))
    rule = {
        "name": f"a {kind.lower()} rule",
        "rule_type": kind,
        "criteria": {"v": 1, "format": "filter", "expr": tree},
        "score_points": draw(st.integers(-40, 60)),
        "priority": draw(st.integers(1, 3)),
        "frequency": "ONCE" if once else "AT_MOST" if limited else "EACH",
        "frequency_limit": draw(st.integers(1, 2)) if limited else None,
        "frequency_period": draw(st.sampled_from(("DAY", "WEEK", "MONTH"))) if limited else None,
        "half_life_days": draw(st.sampled_from((1, 7, 30))) if kind == "DECAY" else None,
    }
    if made({**rule, "id": 1}).faults:  # it looks at what scoring changes
        rule["criteria"] = {"v": 1, "format": "filter", "expr": {"tags": {"containsAny": ["vip", "hot"]}}}
        rule |= {"frequency": "ONCE", "frequency_limit": None, "frequency_period": None}
    return rule


@st.composite
def counting(draw: st.DrawFn, ground: Ground) -> dict[str, Any]:
    """Criteria that say which activities count."""
    kinds = st.sampled_from(("CALL", "EMAIL", "MEETING", "SMS"))
    where = draw(
        st.sampled_from(({}, RECENT))
        | filters(ACTIVITY, ground.values, 1)
        | kinds.map(lambda kind: {"activityType": {"eq": kind}})
    )
    term = draw(st.sampled_from(({"some": where}, {"count": {"gte": 2, "where": where}}, {"count": {"gte": 1}})))
    more = draw(st.just({}) | filters(LEAD, ground.values, 0))
    return {**more, "activities": term}


@st.composite
def scoring(draw: st.DrawFn) -> dict[str, Any]:
    """What an organization sets for scoring."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        warm = draw(st.integers(-10, 60))
        found["thresholds"] = {"warm": warm, "hot": warm + draw(st.integers(1, 40))}
    if draw(st.booleans()):
        found["hysteresis"] = draw(st.sampled_from((0, 5, 20)))
    kinds = st.sampled_from(("BEHAVIORAL", "ENGAGEMENT", "NEGATIVE", "DECAY"))
    found["caps"] = draw(st.dictionaries(kinds, st.integers(0, 60), max_size=3))
    if draw(st.booleans()):
        found["totalCap"] = draw(st.integers(10, 100))
    return found


@dataclass
class Round:
    """Rules to add, settings, and how leads are scored."""

    rules: list[dict[str, Any]]
    scoring: dict[str, Any]
    days: int
    judge: bool


@st.composite
def rounds(draw: st.DrawFn, ground: Ground) -> Round:
    """Up to four rules."""
    given = draw(st.lists(rules(ground), max_size=4))
    return Round(given, draw(scoring()), draw(st.sampled_from((0, 0, 1, 30, -5))), draw(st.booleans()))


async def put(ground: Ground, one: Round) -> None:
    """Add the rules, and set the settings."""
    for rule in one.rules:
        await ground.world.rule(**rule)
    await ground.owner.execute(
        "UPDATE organizations SET settings = settings || jsonb_build_object('scoring', $2::text::jsonb) WHERE id = $1",
        ground.world.organization_id,
        orjson.dumps(one.scoring).decode(),
    )


async def spoil(ground: Ground, place: int) -> None:
    """Retire some rules, switch off others, and have a term vanish from the criteria of one."""
    numbers = [rule["id"] for rule in await ground.rules()]
    for at, number in enumerate(numbers):
        what = "criteria = $2::text::jsonb" if at == place else "deleted_at = now()" if at % 2 else "is_active = false"
        text = f"UPDATE lead_scoring_rules SET {what} WHERE id = $1 AND $2::text <> ''"
        await ground.owner.execute(text, number, orjson.dumps(VANISHED).decode())


async def stored(ground: Ground) -> tuple[Any, ...]:
    """All that scoring writes."""
    return tuple([[dict(row) for row in await ground.world.fetch(text)] for text in (TOUCHED, LEDGER, TRAIL, EVENTS)])


async def scored(ground: Ground, **options: Any) -> int:
    async with ground.world.database.unit_of_work(await ground.world.viewer()) as unit:
        return await rescore(unit, None, **options)


@given(data=st.data())
@EXAMPLE
async def test_the_engine_writes_what_plain_python_says(ground: Ground, data: st.DataObject) -> None:
    await ground.owner.execute(BLANK.format(id=ground.world.organization_id))
    await judged(ground, data.draw(rounds(ground)))
    await spoil(ground, data.draw(st.integers(0, 3)))
    await judged(ground, data.draw(rounds(ground)))


async def judged(ground: Ground, one: Round) -> None:
    """Score all leads, compare, and score them again."""
    await put(ground, one)
    options: dict[str, Any] = {"at": ground.oracle.now + dt.timedelta(days=one.days), "judge": one.judge}
    before = await stored(ground)
    changed = await scored(ground, **options)
    after = await stored(ground)
    wanted = Judge(ground.rows, await ground.rules(), one.scoring, ZONE, options["at"])
    assert changed == check(wanted, before, after, judge=one.judge)
    assert await scored(ground, **options) == 0
    assert await stored(ground) == after


def check(wanted: Judge, before: Any, after: Any, *, judge: bool) -> int:
    """Compare what was written with what was to be written; how many leads were to change."""
    (leads, ledger, trail, events), (now_leads, now_ledger, now_trail, now_events) = before, after
    assert (now_ledger[: len(ledger)], now_trail[: len(trail)]) == (ledger, trail)
    places = {rule["id"]: at for at, rule in enumerate(wanted.rules)}
    moved, warmed = [], []
    for lead, now in zip(leads, now_leads, strict=True):
        new = [entry for entry in now_ledger[len(ledger) :] if entry["lead_id"] == lead["id"]]
        if lead["deleted_at"] is not None:
            assert (now, new) == (lead, [])
            continue
        mine = [entry for entry in ledger if entry["lead_id"] == lead["id"]]
        expected = wanted.expected(lead, mine, judge=judge)
        found = {(entry["kind"], entry["rule_id"], entry["cap"]): entry["score_change"] for entry in new}
        assert (found, len(new)) == (expected.entries, len(found)), lead["id"]
        assert (now["score"], now["lead_temperature"]) == (expected.score, expected.temperature)
        score = lead["score"]
        for entry in new:
            assert (entry["previous_score"], entry["new_score"]) == (score, score + entry["score_change"])
            score = entry["new_score"]
        kinds = [entry["kind"] for entry in new]
        assert kinds == sorted(kinds, reverse=True)  # rules, then caps
        given = [entry["rule_id"] for entry in new if entry["rule_id"] is not None and wanted_now(wanted, entry)]
        assert given == sorted(given, key=places.__getitem__)
        assert now["version"] == lead["version"]
        if expected.score != lead["score"]:
            moved.append((lead["id"], lead["score"], expected.score))
        elif expected.temperature != lead["lead_temperature"]:
            warmed.append(lead["id"])
        else:
            assert now["updated_at"] == lead["updated_at"]
    new_trail = now_trail[len(trail) :]
    entries = [(one["lead_id"], one["metadata"]) for one in new_trail if one["activity_type"] == "SCORE_CHANGE"]
    assert [(lead, one["from"], one["to"]) for lead, one in entries] == moved
    assert [one["lead_id"] for one in new_trail if one["activity_type"] == "FIELD_CHANGE"] == warmed
    payloads = [event["payload"] for event in now_events[len(events) :]]
    assert sorted(number for one in payloads for number in one["activities"]) == [one["id"] for one in new_trail]
    return len(moved) + len(warmed)


def wanted_now(wanted: Judge, entry: Any) -> bool:
    """Whether an entry is of a rule that is in use."""
    (rule,) = [rule for rule in wanted.rules if rule["id"] == entry["rule_id"]]
    return bool(rule["is_active"] and rule["deleted_at"] is None)
