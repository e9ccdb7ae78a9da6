"""Base classes and building blocks of tables: tenant keys, checked enums, documented columns and indexes.

Enter at `TenantRow`. A column's `doc` is the sentence that both `docs/data-model.md` and the API show; `added`
says why a column exists although the model's seed document does not have it.
"""

import datetime as dt
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column

from lma_graph.kernel.choices import Choice

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every mapped table. Rows have no `relationship()`: relations are loader specs."""

    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: sa.Text(),
        int: sa.Integer(),
        bool: sa.Boolean(),
        float: sa.Double(),
        dt.date: sa.Date(),
        dt.datetime: sa.TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: JSONB(none_as_null=True),
        list[int]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB(none_as_null=True),
    }


class TenantRow(Base):
    """A row of one organization: keyed by `(organization_id, id)`, guarded by row security."""

    __abstract__ = True

    @declared_attr
    @classmethod
    def organization_id(cls) -> Mapped[int]:
        """Distribution column and first column of every key and index."""
        return column("The organization this belongs to.", sa.BigInteger(), primary_key=True, sort_order=-2)

    @declared_attr
    @classmethod
    def id(cls) -> Mapped[int]:
        """Issued by the database; clients only ever see it inside an opaque global id."""
        identity = sa.Identity(always=False)
        return column("Global id.", sa.BigInteger(), identity, primary_key=True, sort_order=-1)


def column(doc: str, *args: Any, added: str | None = None, **options: Any) -> MappedColumn[Any]:
    """A documented column. `added` gives the reason of one that the seed document does not have."""
    return mapped_column(*args, doc=doc, info={"added": added} if added else {}, **options)


def choice(
    kind: type[Choice], doc: str, *, added: str | None = None, default: Choice | None = None, **options: Any
) -> MappedColumn[Any]:
    """A TEXT column holding a member of `kind`; `choices_check` adds the constraint that says so.

    TEXT and not a native enum: comparisons of native enums are not leakproof, so row security would keep them
    from using an index.
    """
    made = column(doc, sa.Text(), added=added, server_default=default.value if default else None, **options)
    made.column.info["choices"] = kind
    return made


def created_at() -> MappedColumn[Any]:
    """The moment a row was written; never changed afterwards."""
    return column("When this was created.", server_default=sa.func.now())


def updated_at(*, added: str | None = None) -> MappedColumn[Any]:
    """The moment a row was last changed through the server."""
    now = sa.func.now()
    return column("When this was last changed.", server_default=now, onupdate=now, added=added)


def choices_check(column_name: str, kind: type[Choice]) -> sa.CheckConstraint:
    """The named CHECK that keeps a choice column to its members."""
    members = ", ".join(f"'{member.value}'" for member in kind)
    return sa.CheckConstraint(f"{column_name} IN ({members})", name=column_name)


def organization_key() -> sa.ForeignKeyConstraint:
    """For tables that hang on the organization itself."""
    return sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=None)


def tenant_key(column_name: str, table: str, *, cascade: bool = False) -> sa.ForeignKeyConstraint:
    """A composite foreign key: a reference into another organization cannot be stored."""
    return sa.ForeignKeyConstraint(
        ["organization_id", column_name],
        [f"{table}.organization_id", f"{table}.id"],
        ondelete="CASCADE" if cascade else None,
    )


def index(table: str, suffix: str, *columns: Any, serves: str, **options: Any) -> sa.Index:
    """An index of a tenant table, led by `organization_id`; `serves` names the query that wants it."""
    made = sa.Index(f"ix_{table}_{suffix}", "organization_id", *columns, **options)
    made.info["serves"] = serves
    return made


def unique(table: str, suffix: str, *columns: Any, serves: str, **options: Any) -> sa.Index:
    """A unique index of a tenant table, led by `organization_id`."""
    made = sa.Index(f"uq_{table}_{suffix}", "organization_id", *columns, unique=True, **options)
    made.info["serves"] = serves
    return made


def newest(*names: str) -> tuple[Any, ...]:
    """The given columns descending, then `id` descending: recent first, ties broken."""
    return tuple(sa.text(f"{name} DESC") for name in (*names, "id"))
