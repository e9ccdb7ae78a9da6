"""A filter and the query it becomes find the same leads, and so do a query and the filter it becomes."""

from typing import Any

import pytest
from filters import filters
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from queries import queries
from test_oracle import FILTERS, RELATED, Judged, asked, judged

from lma_graph.kernel.criteria import OneTerm
from lma_graph.kernel.criteria.language import MOST_PARTS, measured
from lma_graph.kernel.criteria.querybuilder import to_filter, to_query
from lma_graph.kernel.criteria.querybuilder.words import words_of
from lma_graph.leads.criteria import LEAD

__all__ = ["judged"]


async def _same(judged: Judged, tree: dict[str, Any]) -> None:
    query = to_query(LEAD.filter(tree))
    again = to_filter(LEAD, query)
    assert await judged.found("admin", again.tree) == await judged.found("admin", tree), query
    assert to_query(again) == query


@given(data=st.data())
@FILTERS
async def test_the_query_of_a_filter_finds_what_the_filter_finds(judged: Judged, data: st.DataObject) -> None:
    tree = data.draw(filters(LEAD, judged.values))
    assume(measured(tree, MOST_PARTS)[0] < MOST_PARTS // 2)
    await _same(judged, tree)


@pytest.mark.parametrize("name", [name for name in LEAD.terms if name not in RELATED])
@given(data=st.data())
@settings(FILTERS, max_examples=12)
async def test_every_term(judged: Judged, name: str, data: st.DataObject) -> None:
    tree: dict[str, Any] = {name: data.draw(asked(LEAD, LEAD.terms[name], judged.values, 0))}
    await _same(judged, data.draw(st.sampled_from((tree, {"not": tree}, {"or": [tree, {"not": tree}]}))))


@pytest.mark.parametrize("name", RELATED)
@given(data=st.data())
@settings(FILTERS, max_examples=30)
async def test_every_relation(judged: Judged, name: str, data: st.DataObject) -> None:
    tree: dict[str, Any] = {name: data.draw(asked(LEAD, LEAD.terms[name], judged.values, 1))}
    await _same(judged, data.draw(st.sampled_from((tree, {"not": tree}, {"not": {"not": tree}}))))


@given(data=st.data())
@FILTERS
async def test_a_query_loaded_again_finds_what_it_found(judged: Judged, data: st.DataObject) -> None:
    query = data.draw(queries(LEAD, judged.values))
    first = to_filter(LEAD, query)
    assume(measured(first.tree, MOST_PARTS)[0] < MOST_PARTS // 2)
    await _same(judged, dict(first.tree))


@given(data=st.data())
@settings(FILTERS, max_examples=60)
async def test_the_complement_of_a_query_finds_all_others(judged: Judged, data: st.DataObject) -> None:
    query = data.draw(queries(LEAD, judged.values, depth=1))
    everyone = set(await judged.found("admin", {}))
    found = set(await judged.found("admin", to_filter(LEAD, {**query, "not": False}).tree))
    others = set(await judged.found("admin", to_filter(LEAD, {**query, "not": True}).tree))
    assert (found | others, found & others) == (everyone, set())


NEGATIONS = (
    ("=", "!="),
    ("in", "notIn"),
    ("contains", "doesNotContain"),
    ("beginsWith", "doesNotBeginWith"),
    ("endsWith", "doesNotEndWith"),
    ("between", "notBetween"),
    ("notNull", "null"),
)


@pytest.mark.parametrize("field", ["company", "assignedTo.lastName", "customFields.country", "tags", "search"])
@pytest.mark.parametrize(("positive", "negative"), NEGATIONS)
async def test_an_operator_and_its_negation_part_all_leads(
    judged: Judged, field: str, positive: str, negative: str
) -> None:
    term = LEAD.terms[field.split(".", maxsplit=1)[0]]
    words = words_of(term.vocabulary.terms["lastName"] if isinstance(term, OneTerm) else term)
    if positive not in words:
        assert negative not in words
        return
    values: dict[str, Any] = {"in": ["Acme", "ö"], "between": ["A", "Z"]}
    everyone = await judged.found("admin", {})
    found = []
    for operator in (positive, negative):
        rule = {"field": field, "operator": operator, "value": values.get(positive, "vip")}
        criteria = to_filter(LEAD, {"combinator": "and", "rules": [rule]})
        found.append(await judged.found("admin", criteria.tree))
    assert sorted(found[0] + found[1]) == everyone
