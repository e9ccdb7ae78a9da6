"""Random operations: the plan's answer is that of the reference path, character by character.

Each operation runs for two viewers with two sets of variables, so that a plan made for one serves the others.
`LMA_FUZZ_EXAMPLES` is the number of operations per root field; above the default they are drawn anew in each run.
"""

import os
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from both import PLANNED, Both
from dataset import Dataset, fill
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from operations import ROOTS, operations

from lma_graph.kernel.viewer import Role, Viewer
from world import World

USUAL = 40
EXAMPLES = int(os.environ.get("LMA_FUZZ_EXAMPLES", USUAL))
RUNS = settings(
    max_examples=EXAMPLES,
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


@pytest.mark.parametrize("root", ROOTS)
@given(data=st.data())
@RUNS
async def test_any_operation_gets_the_same_answer_both_ways(ground: Ground, root: str, data: st.DataObject) -> None:
    operation = data.draw(operations(root, ground.ids, ground.own.rows))
    viewers = data.draw(st.permutations(range(len(ground.viewers))))[:2]
    for variables in operation.variables:
        for at in viewers:
            note(f"as {ground.viewers[at].role}")
            await _compare(ground, ground.viewers[at], operation.text, dict(variables))


async def _compare(ground: Ground, viewer: Viewer, text: str, variables: dict[str, Any]) -> None:
    answer = await ground.both.answer(viewer, text, variables)
    if not answer.errors:
        assert answer.ways == {PLANNED: 1}
