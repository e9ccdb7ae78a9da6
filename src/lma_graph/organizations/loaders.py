"""How organizations are loaded."""

from lma_graph.kernel.loaders import ById
from lma_graph.organizations.models import OrganizationRow

ORGANIZATION = ById(OrganizationRow)
