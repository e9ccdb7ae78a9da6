"""Running the migrations: found beside the source in a checkout, inside the package in an installed wheel."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

_PACKAGED = Path(__file__).parent.parent / "_migrations"
_CHECKOUT = Path(__file__).parents[3] / "migrations"


def config(url: str = "") -> Config:
    """Alembic's configuration for a database."""
    config = Config()
    config.set_main_option("script_location", str(_PACKAGED if _PACKAGED.is_dir() else _CHECKOUT))
    # Percent signs of an encoded password are the ini format's own.
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def head() -> str:
    """The newest revision this version of the server knows."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found is not None
    return found


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to a revision. Blocks; call it in a thread from asynchronous code."""
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database down to a revision."""
    command.downgrade(config(url), revision)


def check(url: str) -> None:
    """Raise unless the database and the models agree."""
    command.check(config(url))
