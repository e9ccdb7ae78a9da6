"""The query of nested timelines takes the same number of statements, whatever there is to show."""

import pytest

from lma_graph.app.examples import load_examples
from lma_graph.kernel.viewer import Role

W1 = next(example.query for example in load_examples() if example.name == "01-lead-timelines")
STATEMENTS = 8
"""Leads; activities, notes, score entries, memberships; users; rules; campaigns."""


@pytest.mark.parametrize("leads", [1, 2, 7])
@pytest.mark.parametrize("shared", [True, False])
async def test_the_number_of_statements_depends_on_nothing(world, leads, shared) -> None:
    """`shared`: one user owns the leads, called and took notes; otherwise everybody is somebody else."""
    rule, campaign = await world.rule(), await world.campaign()
    for _ in range(leads):
        users = [world.users[Role.MANAGER]] * 3 if shared else [(await world.user()).id for _ in range(3)]
        lead = await world.lead(assigned_to_id=users[0])
        await world.activity(lead, user_id=users[1])
        await world.note(lead, user_id=users[2])
        await world.score_entry(lead, rule_id=rule.id)
        await world.member(campaign, lead)
    answer = await world.ask(W1)
    assert answer.errors == []
    assert len(answer.data["leads"]["edges"]) == leads
    assert len(answer.statements) == STATEMENTS, answer.statements
