"""Giving rows that hang on a lead to another lead, and giving them back. Enter at `move` and `move_back`."""

from collections.abc import Mapping, Sequence

from lma_graph.kernel.transactions import UnitOfWork

Moved = dict[str, list[int]]
"""Lead that rows hung on, as text → the rows' ids; as JSON has it."""


async def move(unit: UnitOfWork, table: str, number: int, merged: Sequence[int]) -> Moved:
    """Give all rows of a table that hang on the leads `merged` to the lead `number`."""
    rows = await unit.fetch(
        f"UPDATE {table} AS t SET lead_id = $2 FROM "  # noqa: S608 - of our own
        f"(SELECT id, lead_id FROM {table} WHERE organization_id = $1 AND lead_id = ANY($3)) AS o "
        "WHERE t.organization_id = $1 AND t.id = o.id RETURNING o.lead_id, t.id",
        unit.viewer.organization_id,
        number,
        list(merged),
    )
    moved: Moved = {}
    for lead, row in sorted(tuple(row) for row in rows):
        moved.setdefault(str(lead), []).append(row)
    return moved


async def move_back(unit: UnitOfWork, table: str, number: int, moved: Mapping[str, Sequence[int]]) -> None:
    """Give back what was moved and is still there."""
    pairs = [(row, int(lead)) for lead, rows in moved.items() for row in rows]
    await unit.execute(
        f"UPDATE {table} AS t SET lead_id = i.lead_id FROM unnest($3::bigint[], $4::bigint[]) AS i(id, lead_id) "  # noqa: S608
        "WHERE t.organization_id = $1 AND t.lead_id = $2 AND t.id = i.id",
        unit.viewer.organization_id,
        number,
        [row for row, _ in pairs],
        [lead for _, lead in pairs],
    )
