"""Random operations: the plan's answer is that of the reference path, character by character.

Each operation runs for two viewers with two sets of variables, so that a plan made for one serves the others.
`LMA_FUZZ_EXAMPLES` is the number of operations; above the usual number they are drawn anew in each run.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from both import PLANNED, Both
from dataset import Dataset, fill
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition
from operations import ROOTS, operations

from lma_graph.kernel.viewer import Role, Viewer
from world import World

USUAL = 960
EXAMPLES = int(os.environ.get("LMA_FUZZ_EXAMPLES", USUAL))
RUNS = settings(
    max_examples=max(EXAMPLES // len(ROOTS), 1),
    derandomize=EXAMPLES <= USUAL,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Ground:
    """Two organizations with the same rows, and who asks: each role of the one, a representative of the other."""

    both: Both
    own: Dataset
    other: Dataset
    viewers: list[Viewer]
    ids: list[str]
    tally: Counter[str] = field(default_factory=Counter)
    """How many answers there were, by how they came about."""


@pytest.fixture(scope="module")
async def ground(database, owner_url) -> Ground:
    owner = await asyncpg.connect(owner_url)
    try:
        own = await fill(await World.create(database, owner, visibility={"salesRep": "OWN"}))
        other = await fill(await World.create(database, owner, visibility={"salesRep": "ALL"}))
    finally:
        await owner.close()
    viewers = [await own.world.viewer(role) for role in Role]
    viewers.append(await other.world.viewer(Role.SALES_REP))
    return Ground(Both(database), own, other, viewers, [*own.ids(), *other.ids()[::4]])


# Now and then Hypothesis finds that a repetition has drawn less than the first time, and gives up; why is not known.
# What was compared until then was equal. Every other failure counts.
@pytest.mark.xfail(raises=FlakyStrategyDefinition, strict=False, reason="an operation was drawn differently")
@pytest.mark.parametrize("root", ROOTS)
@given(data=st.data())
@RUNS
async def test_any_operation_gets_the_same_answer_both_ways(ground: Ground, root: str, data: st.DataObject) -> None:
    operation = data.draw(operations(root, ground.ids, ground.own.listed()))
    viewers = data.draw(st.permutations(range(len(ground.viewers))))[:2]
    for variables in operation.variables:
        for at in viewers:
            note(f"as {ground.viewers[at].role}")
            await _compare(ground, ground.viewers[at], operation.text, dict(variables))


REASONS = {
    "InvalidInput": "an argument was refused, such as a cursor of another list",
    "GraphQLError": "a variable was missing where a value must be",
}
"""Why a plan may be discarded where the answer has errors; where it has none, nothing is discarded."""


async def _compare(ground: Ground, viewer: Viewer, text: str, variables: dict[str, Any]) -> None:
    answer = await ground.both.answer(viewer, text, variables)
    if not answer.errors:
        assert answer.ways == {PLANNED: 1}
    elif answer.body.get("data", ...) is ...:
        assert answer.ways == {}, "refused before anything runs"
    else:
        ((way, reason),) = answer.ways
        assert way == "discarded"
        assert reason in REASONS
    ground.tally["discarded" if answer.ways and answer.errors else "planned" if answer.ways else "refused"] += 1


def test_most_of_what_was_asked_ran(ground: Ground) -> None:
    """That the random operations are neither refused nor empty; run after them, in the same process."""
    if not ground.tally:
        pytest.skip("nothing was asked in this process")
    total = ground.tally.total()
    assert ground.tally["planned"] > 0.75 * total
    assert ground.tally["refused"] < 0.15 * total
