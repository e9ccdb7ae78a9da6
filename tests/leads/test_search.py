"""Search: which leads are found by which words, in which order, and through whose notes."""

import datetime as dt
from typing import Any

import pytest

from lma_graph.kernel.viewer import Role
from lma_graph.leads.search import MOST_HITS
from world import World

SEARCH = """query Search(
  $query: String!, $first: Int, $after: String, $last: Int, $before: String, $filter: LeadFilter
) {
  searchLeads(query: $query, first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    edges { cursor node { firstName } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
  }
}"""
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


async def search(world: World, query: str, role: Role = Role.ADMIN, **arguments: Any) -> list[str]:
    """The first names of what is found, in order; the count must agree."""
    answer = await world.ask(SEARCH, {"query": query, "first": 200, **arguments}, role=role)
    assert answer.errors == []
    found = [edge["node"]["firstName"] for edge in answer.data["searchLeads"]["edges"]]
    assert answer.data["searchLeads"]["totalCount"] == len(found)
    return found


async def test_where_the_word_stands_decides_the_rank(world: World) -> None:
    await world.lead(first_name="job", job_title="Falcon keeper", email=None)
    await world.lead(first_name="company", company="Falcon", email=None)
    await world.lead(first_name="e-mail", email="falcon@x.test")
    await world.lead(first_name="last name", last_name="Falcon", email=None)
    await world.note(await world.lead(first_name="note", email=None), content="falcon falcon falcon")
    await world.lead(first_name="other", email=None)
    assert await search(world, "falcon") == ["e-mail", "last name", "company", "job", "note"]


async def test_a_whole_word_ranks_before_the_beginning_of_one(world: World) -> None:
    await world.lead(first_name="whole", last_name="Ber", created_at=START)
    await world.lead(first_name="begun", last_name="Berlin", created_at=START + dt.timedelta(days=1))
    assert await search(world, "ber") == ["whole", "begun"]


async def test_more_of_the_words_in_better_places_rank_higher_and_ties_go_to_the_newest(world: World) -> None:
    for day, (name, values) in enumerate(
        {
            "old": {"last_name": "Berg", "company": "Acme"},
            "new": {"last_name": "Berg", "company": "Acme"},
            "best": {"last_name": "Berg", "email": "acme@x.test"},
        }.items()
    ):
        await world.lead(first_name=name, created_at=START + dt.timedelta(days=day), **values)
    assert await search(world, "berg acme") == ["best", "new", "old"]


async def test_all_words_must_be_there_and_only_the_last_may_go_on(world: World) -> None:
    await world.lead(first_name="Ada", last_name="Lovelace", company="Analytical Engines", email=None)
    assert await search(world, "ada love") == ["Ada"]
    assert await search(world, "love ada") == []
    assert await search(world, "analytical lovelace ada") == ["Ada"]
    assert await search(world, "ada babbage") == []
    assert await search(world, "a") == []
    assert await search(world, "an") == ["Ada"]
    assert await search(world, "ada a") == []


async def test_the_words_of_a_note_must_stand_in_one_note(world: World) -> None:
    both = await world.lead(first_name="one note", email=None)
    await world.note(both, content="Prefers calls on Monday")
    apart = await world.lead(first_name="two notes", email=None)
    await world.note(apart, content="Prefers mails")
    await world.note(apart, content="Not on Monday")
    assert await search(world, "prefers mon") == ["one note"]


async def test_accents_and_capitals_do_not_matter(world: World) -> None:
    await world.lead(first_name="Zoë", last_name="MÜLLER", company="Straße 9", email=None)
    for text in ("zoe", "ZOË", "Zoe\u0308", "müller", "muller", "Mull", "strasse", "STRASSE", "straße", "zoe muller"):
        assert await search(world, text) == ["Zoë"], text


async def test_a_note_is_found_as_it_is_written(world: World) -> None:
    await world.note(await world.lead(first_name="noted", email=None), content="Trifft Frau Müller, Größe ÜBER 180")
    for text in ("müller", "MÜLLER", "Mu\u0308ller", "frau mül", "größe über", "trifft 180"):
        assert await search(world, text) == ["noted"], text


async def test_a_word_longer_than_is_kept_is_still_found(world: World) -> None:
    word = "x" * 60
    await world.lead(first_name="lead", last_name=word, email=None)
    await world.note(await world.lead(first_name="note", email=None), content=f"{word} again")
    assert await search(world, word) == ["lead", "note"]
    assert await search(world, f"{word} again") == ["note"]


@pytest.mark.parametrize("text", ["", " ", "&", "'", "%", "_", "* : ! | <->", "\\", "''';--", "\u200b", "💥"])
async def test_a_text_without_words_finds_nothing(world: World, text: str) -> None:
    await world.note(await world.lead(first_name="%", last_name="_"), content="& '")
    assert await search(world, text) == []


async def test_marks_between_words_are_no_operators(world: World) -> None:
    await world.note(await world.lead(first_name="noted", email=None), content="alpha beta")
    assert await search(world, "alpha & !beta") == ["noted"]
    assert await search(world, "alpha | gamma") == []
    assert await search(world, "'alpha':* beta") == ["noted"]


async def test_private_notes_find_a_lead_only_for_those_who_may_read_them(world: World) -> None:
    author = world.users[Role.SALES_REP]
    lead = await world.lead(first_name="secret", email=None)
    await world.note(
        lead, content="budget", is_private=True, user_id=author, mentioned_users=[world.users[Role.VIEWER]]
    )
    found = {role: await search(world, "budget", role) for role in Role}
    assert found == {Role.ADMIN: ["secret"], Role.MANAGER: [], Role.SALES_REP: ["secret"], Role.VIEWER: ["secret"]}


async def test_only_leads_one_may_see_are_found(database, owner) -> None:
    world = await World.create(database, owner, visibility={"salesRep": "OWN"})
    mine, theirs = world.users[Role.SALES_REP], world.users[Role.MANAGER]
    for name, user in (("mine", mine), ("theirs", theirs), ("nobody's", None)):
        lead = await world.lead(first_name=name, last_name="Falcon", assigned_to_id=user, email=None)
        await world.note(lead, content="kestrel")
    assert set(await search(world, "falcon", Role.SALES_REP)) == {"mine", "nobody's"}
    assert set(await search(world, "kestrel", Role.SALES_REP)) == {"mine", "nobody's"}
    assert len(await search(world, "falcon", Role.MANAGER)) == 3


async def test_deleted_leads_and_other_organizations_are_never_found(world: World, other_world: World) -> None:
    gone = await world.lead(last_name="Falcon", deleted_at=START)
    await world.note(gone, content="kestrel")
    await other_world.note(await other_world.lead(last_name="Falcon"), content="kestrel")
    for text in ("falcon", "kestrel"):
        assert await search(world, text) == []


async def test_a_filter_narrows_what_is_found(world: World) -> None:
    for name, score in (("low", 10), ("high", 90)):
        lead = await world.lead(first_name=name, last_name="Falcon", score=score, email=None)
        await world.note(lead, content="kestrel")
    for text in ("falcon", "kestrel"):
        assert await search(world, text, filter={"score": {"gt": 50}}) == ["high"]
        assert await search(world, text, filter={"search": "low"}) == ["low"]


async def test_pages_of_a_search_neither_repeat_nor_skip(world: World) -> None:
    for at in range(12):
        place = ("email", "last_name", "company", "job_title")[at % 4]
        text = f"falcon{at}@x.test" if place == "email" else ("Falcon", "Falconer")[at % 3 == 0]
        lead = await world.lead(**{"first_name": f"{at}", "email": None, place: text, "created_at": START})
        if at % 5 == 0:
            await world.note(lead, content="falcon")
    whole = await search(world, "falcon")
    assert len(whole) == len(set(whole)) == 12
    for size, cursor, more, end in (
        ("first", "after", "hasNextPage", "endCursor"),
        ("last", "before", "hasPreviousPage", "startCursor"),
    ):
        found: list[str] = []
        position, going = None, True
        while going:
            answer = await world.ask(SEARCH, {"query": "falcon", size: 5, cursor: position})
            page = answer.data["searchLeads"]
            part = [edge["node"]["firstName"] for edge in page["edges"]]
            found = found + part if size == "first" else part + found
            assert len(found) <= len(whole)
            position, going = page["pageInfo"][end], page["pageInfo"][more]
            assert page["totalCount"] == 12
        assert found == whole


async def test_the_newest_thousand_are_ranked(world: World, owner) -> None:
    await owner.execute(
        "INSERT INTO leads (organization_id, first_name, created_at)"
        " SELECT $1, at::text, $2::timestamptz + at * interval '1 second' FROM generate_series(0, 1004) at",
        world.organization_id,
        START,
    )
    await owner.execute(
        "INSERT INTO lead_terms (organization_id, term, created_at, lead_id, weight)"
        " SELECT organization_id, 'falcon', created_at, id, CASE WHEN first_name IN ('3', '700') THEN 4 ELSE 1 END"
        " FROM leads WHERE organization_id = $1",
        world.organization_id,
    )
    answer = await world.ask(SEARCH, {"query": "falcon", "first": 3})
    found = answer.data["searchLeads"]
    assert found["totalCount"] == MOST_HITS == 1000
    assert [edge["node"]["firstName"] for edge in found["edges"]] == ["700", "1004", "1003"]
