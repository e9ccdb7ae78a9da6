"""Data loaders are shared by the fields of an operation."""


async def test_a_field_that_fails_leaves_what_others_wait_for(world) -> None:
    """graphql-core cancels the siblings of a failed field; the same rows are also awaited elsewhere."""
    lead = await world.lead()
    await world.activity(lead)
    counted = "activities { totalCount nodes { id } }"
    bad = 'bad: activities(filter: { campaignId: { eq: "x" } }) { totalCount }'
    answer = await world.ask(f"{{ leads {{ nodes {{ {counted} {bad} }} }} again: leads {{ nodes {{ {counted} }} }} }}")
    assert answer.data is None
    assert [(error["message"], error["path"]) for error in answer.errors] == [
        ("filter.campaignId.eq: is not an id of type Campaign", ["leads", "nodes", 0, "bad"])
    ]
