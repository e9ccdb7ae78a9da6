"""What a viewer may not see does not exist for them: leads of others, deleted leads, and what hangs on them."""

import datetime as dt
import json
from typing import Any

import pytest

from lma_graph.kernel.viewer import Role
from world import World

REP = Role.SALES_REP
OTHERS = [role for role in Role if role is not REP]
HANGING = ("activities", "campaignLeads", "workflowExecutions", "leadScoreHistory")
"""Root lists whose rows hang on leads."""


async def set_visibility(world: World, owner: Any, value: str) -> None:
    await owner.execute(
        "UPDATE organizations SET settings = settings || $2::text::jsonb WHERE id = $1",
        world.organization_id,
        json.dumps({"visibility": {"salesRep": value}}),
    )


@pytest.fixture
async def own(world, owner) -> dict[str, Any]:
    """Leads called own, free and hidden, each with one of everything; representatives see their own and free ones."""
    await set_visibility(world, owner, "OWN")
    rep, admin = world.users[REP], world.users[Role.ADMIN]
    campaign = await world.campaign(name="all")
    workflow = await world.workflow(name="all")
    found: dict[str, Any] = {"Campaign": campaign, "Workflow": workflow}
    for name, assigned in (("own", rep), ("free", None), ("hidden", admin)):
        lead = await world.lead(first_name=name, last_name="shared", assigned_to_id=assigned)
        found[name] = {
            "Lead": lead,
            # The representative has worked on all of them: having done something does not show the lead.
            "Activity": await world.activity(lead, subject=name, user_id=rep, campaign_id=campaign.id),
            "LeadNote": await world.note(lead, content=f"{name} zebra", user_id=rep),
            "CampaignLead": await world.member(campaign, lead),
            "WorkflowExecution": await world.execution(lead_id=lead.id, workflow_id=workflow.id, user_id=rep),
            "LeadScoreHistory": await world.score_entry(lead, reason=name),
        }
    found["loose"] = await world.execution(workflow_id=workflow.id, user_id=rep)
    return found


async def data(world: World, query: str, **options: Any) -> Any:
    answer = await world.ask(query, **options)
    assert answer.errors == []
    return answer.data


def names(nodes: list[dict[str, Any]]) -> list[str]:
    return sorted(node["lead"]["firstName"] if node["lead"] else "none" for node in nodes)


async def leads_where(world: World, tree: str, role: Role = REP) -> list[str]:
    found = await data(world, f"{{ leads(filter: {{ {tree} }}) {{ totalCount nodes {{ firstName }} }} }}", role=role)
    assert found["leads"]["totalCount"] == len(found["leads"]["nodes"])
    return sorted(node["firstName"] for node in found["leads"]["nodes"])


async def test_lists_and_counts_of_leads(own, world) -> None:
    assert await leads_where(world, "") == ["free", "own"]
    for role in OTHERS:
        assert await leads_where(world, "", role) == ["free", "hidden", "own"]


@pytest.mark.parametrize("field", HANGING)
async def test_lists_and_counts_of_what_hangs_on_leads(field, own, world) -> None:
    query = f"{{ {field} {{ totalCount nodes {{ lead {{ firstName }} }} }} }}"
    loose = ["none"] if field == "workflowExecutions" else []
    found = (await data(world, query, role=REP))[field]
    assert (names(found["nodes"]), found["totalCount"]) == (sorted(["free", "own", *loose]), 2 + len(loose))
    for role in OTHERS:
        found = (await data(world, query, role=role))[field]
        assert (names(found["nodes"]), found["totalCount"]) == (
            sorted(["free", "hidden", "own", *loose]),
            3 + len(loose),
        )


NESTED = {
    "campaigns { nodes { found: campaignLeads": 2,
    "workflows { nodes { found: executions": 3,
    'users(filter: { email: { startsWith: "sales_rep@" } }) { nodes { found: activities': 2,
}


@pytest.mark.parametrize("path", NESTED)
async def test_lists_through_something_that_is_no_lead(path, own, world) -> None:
    query = f"{{ {path} {{ totalCount nodes {{ lead {{ firstName }} }} }} }} }} }}"
    for role, hidden in ((REP, 0), (Role.VIEWER, 1)):
        found = next(iter((await data(world, query, role=role)).values()))["nodes"][0]["found"]
        assert found["totalCount"] == NESTED[path] + hidden == len(found["nodes"])
        assert ("hidden" in names(found["nodes"])) == bool(hidden)


async def test_leads_through_campaigns_users_and_the_organization(own, world) -> None:
    query = """{
        campaigns { nodes { leads { totalCount nodes { firstName } } } }
        users { nodes { role assignedLeads { totalCount nodes { firstName } } } }
        organization { leads { totalCount nodes { firstName } } }
    }"""
    found = await data(world, query, role=REP)
    assert found["campaigns"]["nodes"][0]["leads"] == {
        "totalCount": 2,
        "nodes": [{"firstName": "free"}, {"firstName": "own"}],
    }
    assert found["organization"]["leads"] == found["campaigns"]["nodes"][0]["leads"]
    assert {user["role"]: user["assignedLeads"]["totalCount"] for user in found["users"]["nodes"]} == {
        "ADMIN": 0,
        "MANAGER": 0,
        "SALES_REP": 1,
        "VIEWER": 0,
    }


async def test_rows_by_id_node_and_nodes(own, world) -> None:
    for role in Role:
        for name in ("own", "free", "hidden"):
            ids = {kind: world.id(kind, row.id) for kind, row in own[name].items()}
            sees = role is not REP or name != "hidden"
            query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
            found = await data(world, query, variables={"ids": list(ids.values())}, role=role)
            assert found["nodes"] == [{"id": one} if sees else None for one in ids.values()]
            for kind, field in (("Lead", "lead"), ("Activity", "activity"), ("LeadNote", "leadNote")):
                found = await data(
                    world, f'{{ {field}(id: "{ids[kind]}") {{ id }} node(id: "{ids[kind]}") {{ id }} }}', role=role
                )
                assert found == {
                    field: {"id": ids[kind]} if sees else None,
                    "node": {"id": ids[kind]} if sees else None,
                }


HIDDEN = 'lead: { firstName: { eq: "hidden" } }'
MEMBERS = "campaignLeads: { some: { campaign: { campaignLeads"
RUNS = "workflowExecutions: { some: { workflow: { executions"
FILTERS = {
    f"activities: {{ some: {{ {HIDDEN} }} }}": [],
    f"{MEMBERS}: {{ some: {{ {HIDDEN} }} }} }} }} }}": [],
    f"{MEMBERS}: {{ count: {{ gte: 3 }} }} }} }} }}": [],
    f"{MEMBERS}: {{ count: {{ eq: 2 }} }} }} }} }}": ["free", "own"],
    f"{MEMBERS}: {{ none: {{ {HIDDEN} }} }} }} }} }}": ["free", "own"],
    f"not: {{ {MEMBERS}: {{ some: {{ {HIDDEN} }} }} }} }} }} }}": ["free", "own"],
    f"{RUNS}: {{ some: {{ {HIDDEN} }} }} }} }} }}": [],
    f"{RUNS}: {{ count: {{ eq: 3 }} }} }} }} }}": ["free", "own"],
}


@pytest.mark.parametrize("tree", FILTERS)
async def test_filters_do_not_look_at_leads_of_others(tree, own, world) -> None:
    assert await leads_where(world, tree) == FILTERS[tree]
    # The same question tells a difference where all leads are seen.
    assert await leads_where(world, tree, Role.VIEWER) != FILTERS[tree]


@pytest.mark.parametrize(
    "question",
    [
        'campaigns(filter: { campaignLeads: { some: { lead: { firstName: { eq: "hidden" } } } } })',
        'workflows(filter: { executions: { some: { lead: { firstName: { eq: "hidden" } } } } })',
        "campaigns(filter: { campaignLeads: { count: { gt: 2 } } })",
        'activities(filter: { subject: { eq: "hidden" } })',
        'leadScoreHistory(filter: { reason: { eq: "hidden" } })',
        'searchLeads(query: "hidden")',
        'searchLeads(query: "hidden zebra")',
        'leads(filter: { search: "hidden" })',
    ],
)
async def test_questions_that_only_a_lead_of_others_answers(question, own, world) -> None:
    query = f"{{ found: {question} {{ totalCount nodes {{ id }} }} }}"
    assert await data(world, query, role=REP) == {"found": {"totalCount": 0, "nodes": []}}
    for role in OTHERS:
        assert (await data(world, query, role=role))["found"]["totalCount"] == 1


async def test_search_ranks_and_counts_what_is_seen(own, world) -> None:
    for word in ("shared", "zebra"):
        query = f'{{ searchLeads(query: "{word}") {{ totalCount nodes {{ firstName }} }} }}'
        assert await data(world, query, role=REP) == {
            "searchLeads": {"totalCount": 2, "nodes": [{"firstName": "free"}, {"firstName": "own"}]}
        }
        assert (await data(world, query, role=Role.VIEWER))["searchLeads"]["totalCount"] == 3


async def test_a_lead_that_changes_hands_is_gone_and_the_setting_holds_at_once(own, world, owner) -> None:
    await owner.execute(
        "UPDATE leads SET assigned_to_id = $2 WHERE id = $1", own["own"]["Lead"].id, world.users[Role.VIEWER]
    )
    assert await leads_where(world, "") == ["free"]
    await set_visibility(world, owner, "ALL")
    assert await leads_where(world, "") == ["free", "hidden", "own"]


@pytest.fixture
async def deleted(world) -> dict[str, Any]:
    """A deleted lead with one of everything."""
    campaign, workflow = await world.campaign(), await world.workflow()
    lead = await world.lead(first_name="gone", deleted_at=dt.datetime.now(dt.UTC), tags=["gone"])
    return {
        "Lead": lead,
        "Activity": await world.activity(lead, subject="gone", user_id=world.users[Role.ADMIN]),
        "LeadNote": await world.note(lead, content="gone"),
        "CampaignLead": await world.member(campaign, lead),
        "WorkflowExecution": await world.execution(lead_id=lead.id, workflow_id=workflow.id),
        "LeadScoreHistory": await world.score_entry(lead),
    }


async def test_a_deleted_lead_and_what_hangs_on_it_are_nowhere(deleted, world) -> None:
    ids = [world.id(kind, row.id) for kind, row in deleted.items()]
    found = await data(world, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", variables={"ids": ids})
    assert found["nodes"] == [None] * 6
    lists = " ".join(f"{field} {{ totalCount nodes {{ id }} }}" for field in ("leads", *HANGING))
    nested = """
        campaigns { nodes { leads { totalCount } campaignLeads { totalCount } } }
        workflows { nodes { executions { totalCount } } }
        users { nodes { activities { totalCount } assignedLeads { totalCount } } }
        searchLeads(query: "gone") { totalCount }
        found: campaigns(filter: { campaignLeads: { count: { gt: 0 } } }) { totalCount }
    """
    found = await data(world, f'{{ {lists} {nested} lead(id: "{ids[0]}") {{ id }} }}')
    assert "'totalCount': 0" in str(found)
    assert "'totalCount': 1" not in str(found)
    assert found["lead"] is None


@pytest.mark.parametrize("role", Role)
async def test_the_list_of_deleted_leads_shows_them_whole(role, deleted, world) -> None:
    holder = "lead { id firstName }"
    fields = ("activities", "notes", "campaignLeads", "workflowExecutions", "scoreHistory")
    nested = " ".join(f"{field} {{ totalCount nodes {{ {holder} }} }}" for field in fields)
    found = await data(world, f"{{ leads(deleted: ONLY) {{ totalCount nodes {{ {nested} }} }} }}", role=role)
    assert found["leads"]["totalCount"] == 1
    lead = {"id": world.id("Lead", deleted["Lead"].id), "firstName": "gone"}
    assert found["leads"]["nodes"] == [{field: {"totalCount": 1, "nodes": [{"lead": lead}]} for field in fields}]


async def test_deleted_leads_of_others_stay_unseen(world, owner) -> None:
    await set_visibility(world, owner, "OWN")
    now = dt.datetime.now(dt.UTC)
    for name, role in (("own", REP), ("hidden", Role.ADMIN)):
        await world.lead(first_name=name, deleted_at=now, assigned_to_id=world.users[role])
    query = "{ leads(deleted: ONLY) { totalCount nodes { firstName } } }"
    assert await data(world, query, role=REP) == {"leads": {"totalCount": 1, "nodes": [{"firstName": "own"}]}}
    assert (await data(world, query))["leads"]["totalCount"] == 2
