"""What others ask about users before they name them."""

from collections.abc import Collection

from lma_graph.kernel.errors import FieldError, InvalidInput, NotFound, Path
from lma_graph.kernel.transactions import UnitOfWork

# Locked, so that nobody is deactivated between the question and what is done with the answer.
_FIND = """
SELECT id, is_active FROM users WHERE organization_id = $1 AND id = ANY($2) ORDER BY id FOR SHARE
"""


async def require_active(unit: UnitOfWork, numbers: Collection[int], path: Path) -> None:
    """Raise `NotFound` where one of the users is not of this organization, `InvalidInput` where one is inactive."""
    found = {row["id"]: row["is_active"] for row in await unit.fetch(_FIND, unit.viewer.organization_id, list(numbers))}
    if any(number not in found for number in numbers):
        raise NotFound("There is no such user.", path=path)
    if not all(found.values()):
        raise InvalidInput([FieldError(path, "The user is not active.", "INACTIVE_USER")])
