"""Finding a campaign for something that is about to be done to it or its members."""

import sqlalchemy as sa

from lma_graph.campaigns.models import CampaignRow, CampaignStatus
from lma_graph.kernel.errors import Conflict, NotFound, Path
from lma_graph.kernel.scope import ORGANIZATION, table_of
from lma_graph.kernel.transactions import Row, Transaction, UnitOfWork

OPEN = (CampaignStatus.DRAFT, CampaignStatus.ACTIVE, CampaignStatus.PAUSED)
"""Campaigns that take members."""
_ROWS = table_of(CampaignRow)
_FIND = sa.select(_ROWS).where(
    _ROWS.c.organization_id == ORGANIZATION, _ROWS.c.id == sa.bindparam("number", type_=sa.BigInteger())
)


async def found(transaction: Transaction, number: int, path: Path) -> Row:
    """The campaign. Raises `NotFound`."""
    return _only(await transaction.rows(_FIND, {"number": number}), path)


async def held(unit: UnitOfWork, number: int, path: Path, *, whole: bool = False) -> Row:
    """The campaign, locked; `whole` against whoever refers to it too. Campaigns are locked before leads."""
    return _only(await unit.rows(_FIND.with_for_update(key_share=not whole), {"number": number}), path)


def _only(rows: object, path: Path) -> Row:
    assert isinstance(rows, list)
    if not rows:
        raise NotFound("There is no such campaign.", path=path)
    row: Row = rows[0]
    return row


def require_open(row: Row, path: Path) -> None:
    """Raise `Conflict` (`CAMPAIGN_CLOSED`) where the campaign takes no members any more."""
    if row.status not in OPEN:
        text = f"A campaign that is {row.status} takes no members; only {', '.join(OPEN[:-1])} and {OPEN[-1]} ones do."
        raise Conflict(text, path=path, kind="CAMPAIGN_CLOSED", campaign=row.id)
