"""Plans as Postgres makes them for the server's own statements. Enter at `plan_of`; the plan tests use it, too."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from lma_graph.kernel.transactions import Transaction

_DIALECT = PGDialect_asyncpg()


@dataclass(frozen=True)
class Plan:
    """A plan that has run: `text` as EXPLAIN prints it, and its root node."""

    text: str
    root: dict[str, Any]

    def nodes(self) -> Iterator[dict[str, Any]]:
        """All nodes, outermost first."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", ())
            yield node

    @property
    def scans(self) -> list[dict[str, Any]]:
        """The nodes that read tables or indexes."""
        return [node for node in self.nodes() if "Scan" in node["Node Type"] and "Subquery" not in node["Node Type"]]

    @property
    def rows_read(self) -> float:
        """Rows and index entries that scans have looked at, whether or not they passed the filters."""
        return sum(_looked_at(node) for node in self.scans)


def _looked_at(node: dict[str, Any]) -> float:
    passed_by: float = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node["Actual Rows"] + passed_by) * node["Actual Loops"])


async def plan_of(
    transaction: Transaction, statement: sa.Select[Any], values: Mapping[str, Any], *, generic: bool = False
) -> Plan:
    """Run the statement under EXPLAIN as a prepared one, with a plan for its values or for any values."""
    compiled = statement.compile(dialect=_DIALECT)
    bound = compiled.construct_params(transaction.binds(values))
    given = ", ".join(_literal(bound[name]) for name in compiled.positiontup or ())
    raw = transaction.raw
    mode = "force_generic_plan" if generic else "force_custom_plan"
    await raw.execute(f"SET LOCAL plan_cache_mode = {mode}; PREPARE planned AS {compiled.string}")
    try:
        execute = f"EXECUTE planned({given})" if given else "EXECUTE planned"
        found = await raw.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON) {execute}")
        lines = await raw.fetch(f"EXPLAIN (ANALYZE, TIMING OFF) {execute}")
    finally:
        await raw.execute("DEALLOCATE planned")
    return Plan("\n".join(line[0] for line in lines), found[0]["Plan"])


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    text = "{" + ",".join(orjson.dumps(one).decode() for one in value) + "}" if isinstance(value, list) else str(value)
    return "'" + text.replace("'", "''") + "'"
