"""What happens when a plan meets what it cannot answer: exact errors, one attempt where a second cannot help."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from both import PLANNED, Both, since, ways
from probes import schema

from lma_graph.kernel.db import Database
from lma_graph.kernel.graphql.exchange import Failure
from lma_graph.kernel.viewer import Role, Viewer
from world import World

MASK = "Something went wrong on our side."


@pytest.fixture(scope="module")
def both(database) -> Both:
    return Both(database)


@pytest.fixture(scope="module")
def probing(database) -> Iterator[Both]:
    with schema() as made:
        yield Both(database, made)


@pytest.fixture
async def hasty(owner_url, probing: Both) -> AsyncIterator[Both]:
    """The probes over connections whose statements have 300 ms."""
    async with Database(owner_url, pool_size=2, statement_timeout_ms=300) as found:
        yield Both(found, probing.by_plan.schema)


REFUSED = {
    "{ viewer { id } leads(first: 201) { nodes { id } } }": ("InvalidInput", ["leads"]),
    '{ viewer { id } leads(after: "x") { nodes { id } } }': ("InvalidInput", ["leads"]),
    "{ viewer { id } organization { users(first: -1) { nodes { id } } } }": ("InvalidInput", ["organization", "users"]),
    '{ viewer { id } leads(filter: {id: {eq: "x"}}) { nodes { id } } }': ("InvalidInput", ["leads"]),
    "query ($n: Int = 1) { viewer { id } leads(filter: {score: {in: [$n]}}) { nodes { id } } }": (
        "GraphQLError",
        ["leads"],
    ),
}


@pytest.mark.parametrize("text", REFUSED)
async def test_a_refused_argument_is_answered_field_by_field(both: Both, world: World, text: str) -> None:
    reason, path = REFUSED[text]
    answer = await both.answer(await world.viewer(), text, {"n": None})
    assert answer.ways == {("discarded", reason): 1}
    assert answer.data is None
    assert [error["path"] for error in answer.errors] == [path]


async def test_a_refused_argument_where_nothing_is_asked_for_is_none(both: Both, world: World) -> None:
    answer = await both.answer(await world.viewer(), '{ lead(id: "x") { notes(first: 201) { nodes { id } } } }')
    assert answer.data == {"lead": None}
    assert answer.ways == {PLANNED: 1}


async def test_null_where_there_must_be_a_value_takes_its_parent_and_nothing_else(
    both: Both, world: World, owner
) -> None:
    """JSON null is no SQL null: the database lets it pass in a column that may not be null."""
    lead = await world.lead(first_name="Ada")
    activity = await world.activity(lead, status="SCHEDULED", subject="later")
    await owner.execute("UPDATE activities SET metadata = 'null' WHERE id = $1", activity.id)
    text = "{ leads { nodes { firstName nextActivity { subject metadata } } } viewer { role } }"
    answer = await both.answer(await world.viewer(), text)
    assert answer.data == {
        "leads": {"nodes": [{"firstName": "Ada", "nextActivity": None}]},
        "viewer": {"role": "ADMIN"},
    }
    (error,) = answer.errors
    assert error["path"] == ["leads", "nodes", 0, "nextActivity", "metadata"]
    assert error["message"] == MASK
    assert answer.ways == {("discarded", "Surprise"): 1}


IDS, EACH = "notes { nodes { mentionedUserIds } }", "notes { nodes { mentionedUsers { id } } }"
NOTES = "notes { edges { cursor node { createdAt updatedAt } } }"
FLOAT = "workflowExecutions { nodes { confidenceScore inputData } }"
STRANGE = {
    "leads SET tags = '[1, null, \"a\"]'": "tags",
    "leads SET tags = '[1, 2.5, true]'": "tags",
    "leads SET tags = '{\"a\": 1}'": "tags",
    "leads SET tags = '\"text\"'": "tags",
    "leads SET custom_fields = 'null'": "customFields",
    'leads SET custom_fields = \'{"n": 100000000000000000000, "m": 1e-7}\'': "customFields",
    "lead_notes SET created_at = 'infinity'": NOTES,
    "lead_notes SET created_at = '-infinity'": NOTES,
    "lead_notes SET updated_at = 'infinity'": NOTES,
    "lead_notes SET mentioned_users = '[1.5]'": IDS,
    "lead_notes SET mentioned_users = '[\"x\"]'": EACH,
    "lead_notes SET mentioned_users = '[1180591620717411303424]'": EACH,
    "workflow_executions SET confidence_score = 'NaN'": FLOAT,
    "workflow_executions SET confidence_score = 'Infinity'": FLOAT,
    "workflow_executions SET input_data = 'null'": FLOAT,
}


@pytest.mark.parametrize("change", STRANGE)
async def test_what_only_a_stranger_to_the_server_could_have_written(
    both: Both, world: World, owner, change: str
) -> None:
    lead = await world.lead(first_name="Ada")
    await world.note(lead)
    await world.execution(lead_id=lead.id)
    await owner.execute(f"UPDATE {change} WHERE organization_id = $1", world.organization_id)
    text = f"{{ leads {{ nodes {{ firstName {STRANGE[change]} }} }} viewer {{ role }} }}"
    await both.answer(await world.viewer(), text)


async def test_a_statement_that_fails_begins_the_transaction_again(probing: Both, world: World) -> None:
    for content in ("12", "no number"):
        await world.note(await world.lead(first_name=content), content=content)
    text = "{ probes(orderBy: [{field: ID}]) { nodes { firstName number keeper { role } } } keepers { totalCount } }"
    answer = await probing.answer(await world.viewer(), text)
    assert answer.ways == {("discarded", "InvalidTextRepresentationError"): 1}
    assert [error["path"][-1] for error in answer.errors] == ["number", "number"]
    assert [one["firstName"] for one in answer.data["probes"]["nodes"]] == ["12", "no number"]
    assert answer.data["keepers"] == {"totalCount": 4}


async def test_a_resolver_whose_statement_fails_leaves_a_sound_transaction(probing: Both, world: World) -> None:
    await world.lead(first_name="Ada")
    answer = await probing.answer(await world.viewer(), "{ probes { nodes { firstName divided } } }")
    assert answer.ways == {("discarded", "GraphQLError"): 1}
    (error,) = answer.errors
    assert error["path"] == ["probes", "nodes", 0, "divided"]
    assert error["message"] == MASK
    assert answer.data == {"probes": {"nodes": [{"firstName": "Ada", "divided": None}]}}


async def test_another_server_that_a_resolver_cannot_reach_fails_its_field_only(probing: Both, world: World) -> None:
    await world.lead(first_name="Ada")
    answer = await probing.answer(await world.viewer(), "{ probes { nodes { firstName elsewhere } } }")
    assert answer.data == {"probes": {"nodes": [{"firstName": "Ada", "elsewhere": None}]}}
    (error,) = answer.errors
    assert error["path"] == ["probes", "nodes", 0, "elsewhere"]
    assert error["extensions"] == {"code": "SERVICE_UNAVAILABLE", "retriable": True}
    assert answer.ways == {("discarded", "GraphQLError"): 1}


@pytest.mark.parametrize("field", ["slow", "dozing"])
async def test_a_statement_that_takes_too_long_ends_the_request_at_once(hasty: Both, world: World, field: str) -> None:
    """Whether it is the plan's own or a resolver's."""
    await world.note(await world.lead())
    viewer = await world.viewer()
    answer = await hasty.plan(viewer, f"{{ probes {{ nodes {{ {field} }} }} }}")
    assert answer.ways == {}
    assert answer.failure is Failure.TIMEOUT
    assert "data" not in answer.body
    assert answer.errors == [{"message": "This took longer than allowed and was stopped.", "extensions": _TIMEOUT}]
    assert answer.count == 2, "the page, and the one that was stopped"
    assert (await hasty.answer(viewer, "{ probes { totalCount } }")).data == {"probes": {"totalCount": 1}}


_TIMEOUT = {"code": "TIMEOUT"}


async def test_a_lost_connection_ends_the_request_at_once(hasty: Both, world: World, owner) -> None:
    await world.note(await world.lead())
    viewer = await world.viewer()
    before = ways()
    asking = asyncio.create_task(hasty.plan(viewer, "{ probes { nodes { slow } } }"))
    own = "datname = current_database() AND pid <> pg_backend_pid()"
    asleep = f"query LIKE '%pg_sleep%' AND state = 'active' AND {own}"
    async with asyncio.timeout(5):
        while not await owner.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {asleep}"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await owner.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {asleep}")
    answer = await asking
    assert since(before) == {}
    assert answer.failure is Failure.UNAVAILABLE
    assert "data" not in answer.body
    assert [error["extensions"]["code"] for error in answer.errors] == ["SERVICE_UNAVAILABLE"]
    assert answer.count == 2
    assert (await hasty.answer(viewer, "{ probes { totalCount } }")).data == {"probes": {"totalCount": 1}}


async def test_viewers_of_two_organizations_share_a_plan_and_nothing_else(
    both: Both, world: World, other_world: World
) -> None:
    """Fifty at once on five connections; each sees what it sees alone."""
    for one in (world, other_world):
        for at in range(5):
            lead = await one.lead(first_name=f"{one.slug} {at}", assigned_to_id=one.users[Role.SALES_REP])
            await one.note(lead, content=f"{one.slug} public")
            await one.note(lead, content=f"{one.slug} private", is_private=True)
            await one.activity(lead, subject=one.slug, user_id=one.users[Role.MANAGER])
    text = """query ($first: Int) { viewer { email } leads(first: $first) { totalCount nodes { firstName
        assignedTo { email } notes { totalCount nodes { content user { email } } }
        activities { edges { cursor node { subject user { email } } } } } } }"""
    viewers: list[tuple[World, Viewer]] = [
        (one, await one.viewer(role)) for one in (world, other_world) for role in Role
    ]
    alone = [[await both.reference(viewer, text, {"first": n + 1}) for n in range(5)] for _, viewer in viewers]
    cases = [(at % len(viewers), at % 5) for at in range(50)]
    found = await asyncio.gather(*(both.plan(viewers[who][1], text, {"first": n + 1}) for who, n in cases))
    for (who, n), answer in zip(cases, found, strict=True):
        assert answer.text == alone[who][n].text
        strangers = {one.slug for one, _ in viewers} - {viewers[who][0].slug}
        assert not any(slug in answer.text for slug in strangers)
    assert ("private" in alone[0][4].text, "private" in alone[3][4].text) == (True, False)
