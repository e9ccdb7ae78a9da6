"""Payloads of mutations by plan: the command has run on the standard path, what it is asked to show has a plan.

Enter at `PayloadExecutor`, the executor of schemas with mutations. A payload is planned as an object of one row, whose
columns are the names of its outcome. A surprise falls back to the standard machinery for that payload alone: the
command is never run again.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
import structlog
from graphql import GraphQLObjectType
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.execution.executor import CollectedErrors
from graphql.pyutils import Path
from prometheus_client import Counter
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from lma_graph.kernel.graphql.commands import Payload
from lma_graph.kernel.graphql.context import CommandContext
from lma_graph.kernel.graphql.errors import chain
from lma_graph.kernel.graphql.execution.kept import find, keep
from lma_graph.kernel.graphql.execution.levels import fill_levels
from lma_graph.kernel.graphql.execution.plan import OutcomeRoot, Plan, Unplannable
from lma_graph.kernel.graphql.execution.planner import Planner, is_plannable

PAYLOADS: Final = Counter(
    "lma_graphql_payloads",
    "Payloads of mutations, by way (planned, standard, discarded) and reason.",
    ("way", "reason"),
)
_PLANNED = PAYLOADS.labels("planned", "")
Standard = Callable[[GroupedFieldSet], Any]

log = structlog.get_logger("lma_graph.execution")


class PayloadExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, but for the fields of a payload, which are executed by plan where plans are kept."""

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Any:
        """Execute the fields of one object."""

        def standard(fields: GroupedFieldSet) -> Any:
            execute = super(PayloadExecutor, self).execute_fields
            return execute(parent_type, source_value, path, fields, position_context)

        context = self.context_value
        if not isinstance(source_value, Payload) or not isinstance(context, CommandContext):
            return standard(grouped_field_set)
        if context.plan_key is None:
            return standard(grouped_field_set)
        return self._by_plan(context, parent_type, source_value, path, grouped_field_set, standard)

    async def _by_plan(  # noqa: PLR0917
        self,
        context: CommandContext,
        kind: GraphQLObjectType,
        payload: Payload,
        path: Path | None,
        fields: GroupedFieldSet,
        standard: Standard,
    ) -> dict[str, Any]:
        planned = {key: details for key, details in fields.items() if is_plannable(kind, details)}
        found: dict[str, Any] = {}
        if planned:
            found = await self._planned(context, kind, payload, path, planned) or {}
        rest = {key: details for key, details in fields.items() if key not in found}
        if rest:
            others = standard(rest)
            found |= await others if isinstance(others, Awaitable) else others
        return {key: found[key] for key in fields if key in found}

    async def _planned(
        self,
        context: CommandContext,
        kind: GraphQLObjectType,
        payload: Payload,
        path: Path | None,
        fields: GroupedFieldSet,
    ) -> dict[str, Any] | None:
        """The planned fields; None where they are better executed one by one."""
        plan = self._plan(context, kind, path, fields)
        if isinstance(plan, str):
            PAYLOADS.labels("standard", plan).inc()
            return None
        restore = await context.safeguard()
        errors, self.collected_errors = self.collected_errors, CollectedErrors()
        try:
            found = await _run(plan, plan.run(self, context), payload)
        except Exception as error:  # noqa: BLE001 - whatever it is, the standard way gives the exact answer
            if context.reader.raw.is_closed():
                raise list(chain(error))[-1] from None
            PAYLOADS.labels("discarded", type(error).__name__).inc()
            log.debug("plan of a payload discarded", error=repr(error))
            await restore()
            return None
        finally:
            self.collected_errors = errors
        _PLANNED.inc()
        return found

    def _plan(
        self, context: CommandContext, kind: GraphQLObjectType, path: Path | None, fields: GroupedFieldSet
    ) -> Plan | str:
        assert context.plan_key is not None
        operation, shaping = context.plan_key
        key = (operation, path.key if path else None, kind.name), shaping
        found = find(key)
        if found is None:
            try:
                found = Planner(self).plan_outcome(kind, fields)
            except Unplannable as error:
                found = str(error)
            keep(key, found)
        return found


async def _run(plan: Plan, run: Any, payload: Payload) -> dict[str, Any]:
    root = plan.roots[0]
    assert isinstance(root, OutcomeRoot)
    shape = root.shape
    values = [getattr(payload, column.name) for column in shape.source.columns]
    texts = [column.as_text for column in shape.source.columns]
    columns = [
        [orjson.dumps(value or []).decode() if as_text else value] for value, as_text in zip(values, texts, strict=True)
    ]
    run.fetched(shape.source, [shape], columns)
    await fill_levels(plan, run)
    found: dict[str, Any] = run.objects[shape.number][0]
    return found
