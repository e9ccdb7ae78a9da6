"""Keys that are ids of users and campaigns, and what a person calls them."""

from typing import Any

import sqlalchemy as sa

from lma_graph.analytics.grouping import Named
from lma_graph.campaigns.models import CampaignRow
from lma_graph.users.models import UserRow


def _full_name(user: sa.FromClause) -> sa.ColumnElement[Any]:
    """First and last name; the e-mail address of a user who has neither."""
    name = sa.func.btrim(sa.func.concat_ws(" ", user.c.first_name, user.c.last_name))
    return sa.func.coalesce(sa.func.nullif(name, ""), user.c.email)


USERS = Named("User", UserRow, _full_name)
CAMPAIGNS = Named("Campaign", CampaignRow, lambda campaign: campaign.c.name)
