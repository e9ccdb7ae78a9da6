"""A finished story as rows: the lead, its search rows, activities, notes, score history, memberships, executions."""

import datetime as dt
from collections.abc import Iterable, Mapping

from lma_graph.demo import texts
from lma_graph.demo.draws import DAY, document, moment, pick
from lma_graph.demo.ledger import ScoreEntry, temperature
from lma_graph.demo.membership import Membership
from lma_graph.demo.notes import take_notes
from lma_graph.demo.runs import enrich
from lma_graph.demo.sheet import Sheet
from lma_graph.demo.story import Story
from lma_graph.leads import index
from lma_graph.leads.models import LeadSource, LeadStatus

DECLARED = ("country", "plan", "employees")
"""The custom fields each demo organization declares."""
_AHEAD = {LeadStatus.WORKING, LeadStatus.NURTURING, LeadStatus.QUALIFIED}


def record(
    story: Story, joined: Iterable[Membership], points: list[ScoreEntry], reason: str | None, sheet: Sheet
) -> None:
    """Add every row of the story to the sheet."""
    enrichment = enrich(story, sheet)
    take_notes(story, sheet)
    _scores(story, points, sheet)
    _members(story, joined, sheet)
    _activities(story, sheet)
    _lead(story, sum(entry.change for entry in points), reason, enrichment, sheet)


def _lead(story: Story, score: int, reason: str | None, enrichment: str, sheet: Sheet) -> None:
    who, draw = story.person, story.draw
    company = who.company.name if who.company else None
    custom = {"country": who.country, "plan": story.plan, "employees": story.employees}
    custom = {name: value for name, value in custom.items() if value is not None}
    created = moment(story.born)
    external = {LeadSource.IMPORT: "csv", LeadSource.API: "hubspot"}.get(story.source)
    sheet.add(
        "leads", story.home.id, story.id, who.email, who.first.text, who.last.text, company, who.job_title, who.phone,
        who.website, who.linkedin, story.status, story.source, temperature(score), score, _value(story),
        pick(draw, texts.LEAD_NOTES) if draw.random() < 0.05 else None, document(story.tags),
        document(custom | ({"industry": who.company.trade} if who.company else {})), enrichment,
        _close_date(story), moment(story.contacts[-1].at) if story.contacts else None, created, moment(story.changed),
        story.owner, reason, story.version, external, f"{external}-{story.place + 1:07d}" if external else None,
    )  # fmt: skip
    columns = {
        "email": who.email,
        "first_name": who.first.text,
        "last_name": who.last.text,
        "company": company,
        "job_title": who.job_title,
        "tags": story.tags,
        "custom_fields": custom,
    }
    _search_rows(story, columns, created, sheet)


def _search_rows(story: Story, columns: Mapping[str, object], created: dt.datetime, sheet: Sheet) -> None:
    organization = story.home.id
    for tag in index.tags(columns):
        sheet.add("lead_tags", organization, tag, created, story.id)
    for name, text, number in index.fields(columns, DECLARED):
        sheet.add("lead_fields", organization, story.id, name, created, text, number)
    for term, weight in index.terms(columns).items():
        sheet.add("lead_terms", organization, term, created, story.id, weight)


def _value(story: Story) -> int | None:
    """Larger companies are worth more; a good third has no estimate yet."""
    if story.draw.random() < 0.36:
        return None
    return 100 * int(10 ** (1 + 1.6 * story.draw.random()) * (3 if (story.employees or 0) >= 250 else 1))


def _close_date(story: Story) -> dt.date | None:
    if story.status is LeadStatus.CONVERTED:
        return moment(story.contacts[-1].at).date()
    if story.status not in _AHEAD or story.draw.random() < 0.2:
        return None
    return moment(story.until + int((story.draw.random() * 100 - 10) * DAY)).date()


def _scores(story: Story, points: list[ScoreEntry], sheet: Sheet) -> None:
    total = 0
    for at, change, reason, kind, rule in points:
        before, total = total, total + change
        rule_id = None if rule is None else story.home.rules + rule
        sheet.add("lead_score_history", story.home.id, sheet.number("lead_score_history"), story.id, before, total,
                  change, reason, rule_id, kind, moment(at))  # fmt: skip


def _members(story: Story, joined: Iterable[Membership], sheet: Sheet) -> None:
    for campaign, status, added, *stamps in joined:
        sheet.add("campaign_leads", story.home.id, sheet.number("campaign_leads"), campaign, story.id, status,
                  moment(added), *(None if at is None else moment(at) for at in stamps))  # fmt: skip


def _activities(story: Story, sheet: Sheet) -> None:
    """In order of time, so that ids follow it."""
    organization, lead = story.home.id, story.id
    rows, number = sheet.rows["activities"], sheet.number
    for entry in sorted(story.entries, key=lambda entry: entry.created):
        created = moment(entry.created)
        rows.append((
            organization, number("activities"), lead, entry.user, entry.kind, entry.subject, entry.content,
            entry.metadata, None if entry.scheduled is None else moment(entry.scheduled),
            None if entry.completed is None else moment(entry.completed), entry.direction, entry.status,
            entry.campaign, created, created if entry.updated is None else moment(entry.updated),
        ))  # fmt: skip
