"""Rules over the columns of real data: points as plain Python counts them from the file, and who becomes a customer.

The rules were made by looking at leads with even numbers; what they are worth is judged by those with odd ones. They
look at what is known of a lead before anybody has called: no tags and no quality, which the school's people gave.
"""

import csv
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "leads"))

from import_world import Place, place_in

from lma_graph.kernel.viewer import Role
from lma_graph.leads.intake.mapping import Mapping as Map
from lma_graph.scoring.engine.run import rescore

DATA = Path(__file__).parents[3] / "shared" / "data" / "x_education_leads.csv"
MAP = Path(__file__).parents[2] / "examples" / "import" / "x_education.map.toml"
WARM, HOT, CAP = 20, 45, 45
SCORING = {"thresholds": {"warm": WARM, "hot": HOT}, "hysteresis": 0, "caps": {"BEHAVIORAL": CAP}}
COLD_ENDS = ["Email Bounced", "Page Visited on Website"]


def field(name: str, **condition: Any) -> dict[str, Any]:
    """A condition on a custom field; `_in` stands for `in`."""
    return {"customFields": {"path": [name], **{key.strip("_"): value for key, value in condition.items()}}}


RULES: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
    ("Stays on the site", "BEHAVIORAL", 25, field("secondsOnWebsite", gte=600)),
    ("Was sent a text", "BEHAVIORAL", 20, field("Last Activity", eq="SMS Sent")),
    ("Comes again", "BEHAVIORAL", 5, field("totalVisits", gte=5)),
    ("Only chatted", "NEGATIVE", -20, field("Last Activity", eq="Olark Chat Conversation")),
    ("Cannot be reached", "NEGATIVE", -10, field("Last Activity", _in=COLD_ENDS)),
    ("Wants no e-mail", "NEGATIVE", -15, field("doNotEmail", eq=True)),
    ("Works", "DEMOGRAPHIC", 35, field("occupation", eq="Working Professional")),
    ("Looks for work", "DEMOGRAPHIC", 10, field("occupation", eq="Unemployed")),
    ("Was entered by hand", "DEMOGRAPHIC", 45, field("Lead Origin", eq="Lead Add Form")),
)


def points(row: Mapping[str, str]) -> int:
    """What a line of the file is worth."""
    last, occupation = row["Last Activity"], row["What is your current occupation"]
    stays = int(row["Total Time Spent on Website"] or 0) >= 600
    behaves = 25 * stays + 20 * (last == "SMS Sent") + 5 * (float(row["TotalVisits"] or 0) >= 5)
    speaks_against = 20 * (last == "Olark Chat Conversation") + 10 * (last in COLD_ENDS)
    speaks_against += 15 * (row["Do Not Email"] == "Yes")
    person = 35 * (occupation == "Working Professional") + 10 * (occupation == "Unemployed")
    return min(behaves, CAP) - speaks_against + person + 45 * (row["Lead Origin"] == "Lead Add Form")


def warmth(score: int) -> str:
    """How warm a lead is that was cold."""
    return "HOT" if score >= HOT else "WARM" if score >= WARM else "COLD"


@pytest.fixture
async def school(owner_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    """An organization with the rules, and no leads yet."""
    if not DATA.exists():
        pytest.skip(f"the data of X Education is not at {DATA}")
    async with place_in(owner_url, tmp_path) as place:
        await place.owner.execute(
            "UPDATE organizations SET settings = settings || jsonb_build_object('scoring', $2::text::jsonb)"
            " WHERE id = $1",
            place.organization_id,
            orjson.dumps(SCORING).decode(),
        )
        state = "SELECT viewer_state($1, $2)"
        for role, viewer in list(place.viewers.items()):
            known = await place.owner.fetchval(state, place.organization_id, viewer.user_id)
            place.viewers[role] = replace(viewer, state=known)
        await place.owner.executemany(
            "INSERT INTO lead_scoring_rules (organization_id, name, rule_type, score_points, criteria)"
            " VALUES ($1, $2, $3, $4, jsonb_build_object('v', 1, 'format', 'filter', 'expr', $5::text::jsonb))",
            [
                (place.organization_id, name, kind, given, orjson.dumps(tree).decode())
                for name, kind, given, tree in RULES
            ],
        )
        yield place


async def test_real_leads_get_the_points_that_plain_python_counts(school: Place) -> None:
    with DATA.open(newline="") as file:
        rows = {row["Prospect ID"]: row for row in csv.DictReader(file)}
    report = await school.run(DATA, Map.read(MAP))
    assert (report.read, report.created, report.errors) == (len(rows), len(rows), ())
    found = await school.leads("external_id, score, lead_temperature, status, id")
    wrong = [(lead, points(rows[lead[0]])) for lead in found if lead[1] != points(rows[lead[0]])]
    assert wrong == []
    assert [lead for lead in found if lead[2] != warmth(lead[1])] == []
    sums = await school.owner.fetch(
        "SELECT lead_id, sum(score_change) FROM lead_score_history WHERE organization_id = $1 GROUP BY lead_id",
        school.organization_id,
    )
    assert {lead[4]: lead[1] for lead in found if lead[1]}.items() <= {row[0]: row[1] for row in sums}.items()
    written = await school.counts()
    async with school.database.unit_of_work(school.viewers[Role.MANAGER]) as unit:
        assert await rescore(unit, None) == 0
    assert await school.counts() == written
    judge([(rows[lead[0]], lead[2]) for lead in found])


def judge(leads: list[tuple[Mapping[str, str], str]]) -> None:
    """Of leads that the rules were not made by, the hot ones are some, and become customers twice as often."""
    odd = [(int(row["Converted"]), temperature) for row, temperature in leads if int(row["Lead Number"]) % 2]
    hot = [converted for converted, temperature in odd if temperature == "HOT"]
    average = sum(converted for converted, _ in odd) / len(odd)
    assert 0.15 <= len(hot) / len(odd) <= 0.30
    assert sum(hot) / len(hot) >= 2 * average
