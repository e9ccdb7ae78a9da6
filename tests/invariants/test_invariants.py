"""Any sequence of changes keeps the invariants, one after the other and all at once.

`LMA_FUZZ_EXAMPLES` is the number of sequences where it is given; above the usual number they are drawn anew in each
run. What is drawn is in `random_changes`, what must hold at the end in `invariant_checks`.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from invariant_checks import contradictions
from random_changes import INPUTS, Change, Ground, drawn

from lma_graph.kernel.db import Database
from lma_graph.kernel.viewer import Role
from lma_graph.schema.tables import METADATA
from world import SCHEMA, World

USUAL = 40
EXAMPLES = int(os.environ.get("LMA_FUZZ_EXAMPLES", USUAL))
RUNS = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES <= USUAL,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
STEPS = 22
CLIENTS = 8
OPERATIONS = 25
OTHER_WORK = {"createUpload", "importLeads", "exportLeads", "cancelExecution", "retryExecution"}
"""Mutations about what a worker does; tests/exchange and tests/executions have theirs."""

TABLES = sorted(table.name for table in METADATA.tables.values() if "organization_id" in table.c)
DIGEST = "SELECT " + ", ".join(
    f"(SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {name} t WHERE organization_id = $1) AS {name}"
    for name in TABLES
)
LEADS = "SELECT id, version, to_jsonb(l) AS everything FROM leads l WHERE organization_id = $1"
EVENTS = """
SELECT o.id, lead FROM outbox_events o, LATERAL (
    SELECT jsonb_array_elements_text(o.payload -> 'leads')::bigint
    UNION ALL SELECT jsonb_array_elements_text(coalesce(a.metadata -> 'merged', a.metadata -> 'separated'))::bigint
    FROM activities a WHERE a.organization_id = $1 AND o.name = 'MERGE' AND o.payload -> 'activities' @> to_jsonb(a.id)
) AS named(lead) WHERE o.organization_id = $1
"""
UNCOUNTED = {"updated_at", "score", "lead_temperature", "last_engagement_date", "merged_into_id"}
"""What of a lead may change without a new version: it follows from what hangs on it, or from where another went."""


@dataclass
class State:
    """All that is stored of an organization: a digest of every table, its leads, and leads by events."""

    digest: dict[str, Any]
    leads: dict[int, tuple[int, dict[str, Any]]]
    events: dict[int, set[int]]

    @classmethod
    async def of(cls, world: World, owner: asyncpg.Connection) -> "State":
        digest = dict(await owner.fetchrow(DIGEST, world.organization_id))
        rows = await owner.fetch(LEADS, world.organization_id)
        events: dict[int, set[int]] = {}
        for number, lead in await owner.fetch(EVENTS, world.organization_id):
            events.setdefault(number, set()).add(lead)
        leads = {row["id"]: (row["version"], without_version(row["everything"])) for row in rows}
        return cls(digest, leads, events)


def without_version(everything: Any) -> dict[str, Any]:
    values: dict[str, Any] = orjson.loads(everything) if isinstance(everything, str) else everything
    return {name: value for name, value in values.items() if name not in {"version", "updated_at"}}


async def peopled(world: World, leads: int) -> World:
    """Leads with points, activities and notes, one deleted and one merged, so that there is something to change."""
    rule = await world.rule()
    for at in range(leads):
        score = 10 * (at % 3)
        lead = await world.lead(score=score, first_name="Lead", tags=["vip"] if at % 2 else [])
        if score:
            await world.score_entry(lead, rule_id=rule.id, score_change=score)
        if at % 2:
            given = {"leadId": world.id("Lead", lead.id), "userId": world.id("User", world.users[Role.SALES_REP])}
            await world.do("assignLead", given, "__typename")
    for role in (Role.ADMIN, Role.MANAGER, Role.SALES_REP):
        about = {"leadId": world.id("Lead", lead.id)}
        await world.do("addNote", {**about, "content": "n", "isPrivate": role is Role.MANAGER}, "__typename", role=role)
        planned = {**about, "activityType": "CALL", "scheduledAt": "2026-01-05T10:00:00Z"}
        await world.do("scheduleActivity", planned, "__typename", role=role)
    followed = {"targetCriteria": {"status": {"eq": "NEW"}}, "followCriteria": "IN_AND_OUT"}
    for given in ({}, followed):
        await world.do("createCampaign", {"name": "c", "campaignType": "EMAIL", **given}, "__typename")
    (made,) = await world.fetch("SELECT max(id) AS id FROM campaigns WHERE organization_id = $1")
    await world.do("setCampaignStatus", {"id": world.id("Campaign", made["id"]), "status": "ACTIVE"}, "__typename")
    gone = await world.lead(first_name="Gone")
    await world.do("deleteLead", {"id": world.id("Lead", gone.id)}, "__typename")
    part = await world.lead(last_name="Part", custom_fields={"country": "FR"}, score=5)
    await world.score_entry(part, kind="MANUAL", score_change=5)
    await world.do("mergeLeads", {"leadId": about["leadId"], "duplicateIds": [world.id("Lead", part.id)]}, "__typename")
    await world.do("rescoreLeads", {"all": True}, "__typename")
    return world


THERE = """
SELECT 'leads' AS kind, 'Lead' AS type, id FROM leads WHERE organization_id = $1
UNION ALL SELECT 'alive', 'Lead', id FROM leads WHERE organization_id = $1 AND deleted_at IS NULL
UNION ALL SELECT 'deleted', 'Lead', id FROM leads WHERE organization_id = $1 AND deleted_at IS NOT NULL
    AND merged_into_id IS NULL
UNION ALL SELECT 'merged', 'Lead', id FROM leads WHERE organization_id = $1 AND merged_into_id IS NOT NULL
UNION ALL SELECT 'campaigns', 'Campaign', id FROM campaigns WHERE organization_id = $1
UNION ALL SELECT 'users', 'User', id FROM users WHERE organization_id = $1
UNION ALL SELECT 'rules', 'LeadScoringRule', id FROM lead_scoring_rules WHERE organization_id = $1
UNION ALL SELECT role, 'LeadNote', n.id FROM lead_notes n JOIN users u ON u.organization_id = $1 AND u.id = n.user_id
    WHERE n.organization_id = $1
UNION ALL SELECT CASE status WHEN 'SCHEDULED' THEN 'scheduled' ELSE 'activities' END, 'Activity', id FROM activities
    WHERE organization_id = $1 AND (scheduled_at IS NOT NULL OR activity_type NOT LIKE '%CHANGE')
ORDER BY kind, id
"""


async def ground_of(world: World, owner: asyncpg.Connection, previous: list[Change]) -> Ground:
    """What there is by now, and one of each that is not."""
    found: dict[str, list[str]] = {"alive": [], "deleted": [], "merged": [], "scheduled": []}
    found |= {"leads": [world.id("Lead", 2**40)], "activities": [world.id("Activity", 2**40)]}
    notes: dict[str, list[str]] = {Role.VIEWER: [world.id("LeadNote", 2**40)]}
    found |= {
        "users": [world.id("User", 2**40)],
        "rules": [world.id("LeadScoringRule", 2**40)],
        "campaigns": [world.id("Campaign", 2**40)],
    }
    for kind, name, number in await owner.fetch(THERE, world.organization_id):
        (notes if name == "LeadNote" else found).setdefault(kind, []).append(world.id(name, number))
    return Ground(**found, notes={Role(role): numbers for role, numbers in notes.items()}, previous=previous)


def accepted(result: dict[str, Any]) -> bool:
    return bool(result["__typename"].endswith("Payload"))


def test_every_mutation_is_drawn() -> None:
    mutation = SCHEMA._schema.mutation_type
    assert mutation is not None
    assert set(mutation.fields) == INPUTS.keys() | OTHER_WORK


def check_step(change: Change, result: dict[str, Any], before: State, after: State) -> None:
    """What holds of every single change."""
    if not accepted(result) or change.input.get("dryRun"):
        assert after == before
        return
    changed = set()
    for number, (version, values) in after.leads.items():
        old_version, old = before.leads.get(number, (1, values))
        different = {name for name in values if values[name] != old[name]}
        assert version - old_version in {0, 1}, number
        assert bool(different - UNCOUNTED) <= (version > old_version), (number, different)
        assert (version > old_version) <= bool(different), (number, version)
        if version > old_version or number not in before.leads:
            changed.add(number)
    assert before.leads.keys() <= after.leads.keys()
    new = [leads for number, leads in after.events.items() if number not in before.events]
    assert changed <= set().union(*new)
    kept = {name: value for name, value in after.digest.items() if name in {"activities", "lead_notes"}}
    assert bool(new) >= any(before.digest[name] != value for name, value in kept.items())


DECAYING = "SELECT 1 FROM lead_scoring_rules WHERE organization_id = $1 AND is_active AND rule_type = 'DECAY'"


async def unscored(world: World, owner: asyncpg.Connection) -> int:
    """How many leads have other points than the rules give; where points decay that changes by itself."""
    if await owner.fetch(DECAYING, world.organization_id):
        return 0
    found = await world.do("rescoreLeads", {"all": True, "dryRun": True}, "changed")
    return int(found["changed"])


TALLY: Counter[tuple[str, str]] = Counter()


@given(random=st.randoms(use_true_random=True))
@RUNS
async def test_any_sequence_of_changes_keeps_the_invariants(database: Database, owner_url: str, random: Random) -> None:
    owner = await asyncpg.connect(owner_url)
    try:
        visibility = random.choice(("ALL", "OWN"))
        world = await peopled(await World.create(database, owner, visibility={"salesRep": visibility}), 4)
        asked: list[Change] = []
        before = await State.of(world, owner)
        for _ in range(STEPS):
            change = drawn(random, await ground_of(world, owner, asked))
            note(f"{change.role} {change.name} {change.input}")
            result = await change.ask(world)
            note(f"  {result}")
            after = await State.of(world, owner)
            check_step(change, result, before, after)
            TALLY[change.name, result.get("code", "accepted")] += 1
            before = after
        assert await contradictions(world, owner) == {}
        assert await unscored(world, owner) == 0
    finally:
        await owner.close()


def test_changes_of_every_kind_were_accepted_and_refused() -> None:
    """Otherwise the sequences above would say little."""
    if not TALLY:
        pytest.skip("The sequences have not run here.")
    assert {name for name, end in TALLY if end == "accepted"} == INPUTS.keys()
    assert {end for _, end in TALLY} >= {"NOT_FOUND", "INVALID_INPUT", "DENIED", "DUPLICATE_EMAIL"}


@pytest.fixture
async def crowded(owner_url: str) -> AsyncIterator[Database]:
    """As many connections as clients."""
    async with Database(owner_url, pool_size=CLIENTS) as found:
        yield found


@pytest.mark.parametrize("seed", range(2))
async def test_changes_at_the_same_time_keep_the_invariants(
    crowded: Database, owner: asyncpg.Connection, seed: int
) -> None:
    world = await peopled(await World.create(crowded, owner), 10)
    ends: Counter[str] = Counter()

    async def client(number: int) -> None:
        random, asked = Random(1_000 * seed + number), list[Change]()
        for _ in range(OPERATIONS):
            async with looking:
                ground = await ground_of(world, owner, asked)
            result = await drawn(random, ground).ask(world)
            ends[result.get("code", "accepted")] += 1

    looking = asyncio.Lock()
    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    assert ends.total() == CLIENTS * OPERATIONS
    assert ends["accepted"] > OPERATIONS
    assert await contradictions(world, owner) == {}
