"""Writing, changing and deleting notes."""

import strawberry

from lma_graph.activities.inputs import AddNoteInput, DeleteNoteInput, UpdateNoteInput, note_of
from lma_graph.activities.loaders import NOTE
from lma_graph.activities.service import notes
from lma_graph.activities.types import LeadNote
from lma_graph.kernel import ids
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, told
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission


@payload
class AddNotePayload:
    """The note was written."""

    note = shown(NOTE, LeadNote, of="note", description="The new note.")


@payload
class UpdateNotePayload:
    """The note is as asked for."""

    note = shown(NOTE, LeadNote, of="note", description="The note as it is now.")


@payload
class DeleteNotePayload:
    """The note was deleted."""

    id = told(strawberry.ID, of="id", description="Global id that the note had.")


@mutations
class NoteMutations:
    """What can be done about notes."""

    @command(Permission.NOTES_WRITE, AddNoteInput, AddNotePayload)
    async def add_note(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Write a note about a lead. A private one exists only for you, the users it mentions, and administrators."""
        return {"note": await notes.add(unit, given.lead_id, note_of(given))}

    @command(Permission.NOTES_WRITE, UpdateNoteInput, UpdateNotePayload)
    async def update_note(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Change a note of your own; what it said before is kept in the audit trail.

        The entry about a private note shows only to those who may see both what was and what is.
        """
        return {"note": await notes.update(unit, given.id, note_of(given.patch))}

    @command(Permission.NOTES_WRITE, DeleteNoteInput, DeleteNotePayload)
    async def delete_note(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Delete a note of your own; what it said is kept in the audit trail."""
        await notes.delete(unit, given.id)
        return {"id": ids.encode("LeadNote", given.id)}
