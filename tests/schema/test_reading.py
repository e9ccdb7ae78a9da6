"""A first walk through the graph."""


async def test_a_lead_and_what_hangs_on_it(world) -> None:
    lead = await world.lead(first_name="Ada", tags=["vip"])
    await world.activity(lead, subject="hello")
    await world.note(lead)
    answer = await world.ask(
        "{ leads { nodes { firstName tags activities { nodes { subject } } notes { totalCount } } } }"
    )
    assert answer.errors == []
    assert answer.data == {
        "leads": {
            "nodes": [
                {
                    "firstName": "Ada",
                    "tags": ["vip"],
                    "activities": {"nodes": [{"subject": "hello"}]},
                    "notes": {"totalCount": 1},
                }
            ]
        }
    }
    assert len(answer.statements) == 4
