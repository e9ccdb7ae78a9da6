"""Notes about a lead: some private, some mentioning colleagues, some with files."""

from lma_graph.demo import texts
from lma_graph.demo.contact import RECENT
from lma_graph.demo.draws import DAY, Weighted, document, moment, pick
from lma_graph.demo.ground import MOST_NOTES
from lma_graph.demo.sheet import Sheet
from lma_graph.demo.story import Story

_HOW_MANY = Weighted((0, 52), (1, 28), (2, 13), (3, 5), (5, 2))
_NONE = "[]"


def take_notes(story: Story, sheet: Sheet) -> None:
    """Add the lead's notes to the sheet, in order of time."""
    draw = story.draw
    wanted = _HOW_MANY(draw) + (int(draw.random() * 4) if story.age < RECENT else 0)
    span = min(story.age - 300, 60 * DAY)
    for at in sorted(story.born + 60 + int(draw.random() * span) for _ in range(min(wanted, MOST_NOTES))):
        _note(story, at, sheet)


def _note(story: Story, at: int, sheet: Sheet) -> None:
    draw, home = story.draw, story.home
    chance = draw.random()
    author = story.seller if chance < 0.8 else pick(draw, home.managers)
    private = draw.random() < 0.08
    kind, text = ("GENERAL", pick(draw, texts.PRIVATE_NOTES)) if private else pick(draw, texts.NOTES)
    mentioned = document(_others(story, author)) if draw.random() < 0.1 else _NONE
    files = _files(story) if draw.random() < 0.05 else _NONE
    written = moment(at)
    sheet.add("lead_notes", home.id, sheet.number("lead_notes"), story.id, author, kind, story.told(text), private,
              mentioned, files, written, written)  # fmt: skip


def _others(story: Story, author: int) -> list[int]:
    """One or two members who are not the author."""
    members = [member for member in story.home.members if member != author]
    return story.draw.sample(members, 1 + (story.draw.random() < 0.3))


def _files(story: Story) -> str:
    name, kind, size = pick(story.draw, texts.FILES)
    url = f"https://files.{story.home.slug}.test/leads/{story.place + 1}/{name}"
    return document([{"name": name, "url": url, "contentType": kind, "size": size}])
