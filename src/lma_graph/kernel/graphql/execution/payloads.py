"""Payloads of mutations by plan: the command has run on the standard path, what it is asked to show has a plan.

Enter at `PayloadExecutor`, the executor of schemas with mutations. A payload is planned as an object of one row, whose
columns are the names of its outcome; the objects that an outcome lists are the rows of one plan. A surprise falls back
to the standard machinery for that payload alone: the command is never run again.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, cast

import orjson
import structlog
from graphql import GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet, collect_subfields
from graphql.execution.executor import CollectedErrors
from graphql.pyutils import Path
from prometheus_client import Counter
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from lma_graph.kernel.graphql.commands import Payload, ToldEachField
from lma_graph.kernel.graphql.context import CommandContext
from lma_graph.kernel.graphql.errors import chain
from lma_graph.kernel.graphql.execution.kept import find, keep
from lma_graph.kernel.graphql.execution.levels import fill_levels
from lma_graph.kernel.graphql.execution.plan import OutcomeRoot, Plan, Unplannable
from lma_graph.kernel.graphql.execution.planner import Planner, field_of, is_plannable

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
            rows = await self._planned(context, kind, [payload], path, planned)
            found = rows[0] if rows else {}
        for key, details in fields.items():
            field = field_of(kind.fields.get(details[0].node.name.value))
            if key not in found and isinstance(field, ToldEachField):
                listed = await self._listed(context, kind, field, payload, Path(path, key, kind.name), details)
                if listed is not None:
                    found[key] = listed
        rest = {key: details for key, details in fields.items() if key not in found}
        if rest:
            others = standard(rest)
            found |= await others if isinstance(others, Awaitable) else others
        return {key: found[key] for key in fields if key in found}

    async def _listed(  # noqa: PLR0917
        self,
        context: CommandContext,
        kind: GraphQLObjectType,
        field: ToldEachField,
        payload: Payload,
        path: Path,
        details: FieldDetailsList,
    ) -> list[dict[str, Any]] | None:
        """The objects that a payload lists, together; None where they are better executed one by one."""
        listed = field.get_result(payload, None, None, None)
        if not listed:
            return []
        inner = cast("GraphQLObjectType", get_named_type(kind.fields[details[0].node.name.value].type))
        collected = collect_subfields(self.schema, self.fragments, self.variable_values, self.operation, inner, details)
        fields = collected.grouped_field_set
        nested = {key: field_of(inner.fields.get(one[0].node.name.value)) for key, one in fields.items()}
        lists = {key: one for key, one in nested.items() if isinstance(one, ToldEachField)}
        planned = {key: one for key, one in fields.items() if key not in lists}
        plannable = all(is_plannable(inner, one) for one in planned.values())
        if collected.new_defer_usages or not planned or not plannable:
            return None
        rows = await self._planned(context, inner, listed, path, planned)
        if rows is None or not lists:
            return rows
        errors, self.collected_errors = self.collected_errors, CollectedErrors()
        try:
            for at, (row, one) in enumerate(zip(rows, listed, strict=True)):
                row |= {key: [] for key in lists}
                filled = {key: fields[key] for key in lists if one.outcome.get(lists[key].of)}
                if filled:  # mostly there is nothing in them
                    place = Path(path, at, None)
                    found = super().execute_fields(inner, one, place, filled, None)
                    row.update(await found if isinstance(found, Awaitable) else found)
        except Exception:  # noqa: BLE001 - the standard way says what it is, and where
            return None
        finally:
            failed, self.collected_errors = bool(self.collected_errors.errors), errors
        return None if failed else [{key: row[key] for key in fields} for row in rows]

    async def _planned(
        self,
        context: CommandContext,
        kind: GraphQLObjectType,
        payloads: Sequence[Payload],
        path: Path | None,
        fields: GroupedFieldSet,
    ) -> list[dict[str, Any]] | None:
        """The planned fields of each payload; None where they are better executed one by one."""
        plan = self._plan(context, kind, path, fields)
        if isinstance(plan, str):
            PAYLOADS.labels("standard", plan).inc()
            return None
        restore = await context.safeguard()
        errors, self.collected_errors = self.collected_errors, CollectedErrors()
        try:
            found = await _run(plan, plan.run(self, context), payloads)
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
        place = tuple(step for step in path.as_list() if isinstance(step, str)) if path else ()
        key = (operation, place, kind.name), shaping
        found = find(key)
        if found is None:
            try:
                found = Planner(self).plan_outcome(kind, fields)
            except Unplannable as error:
                found = str(error)
            keep(key, found)
        return found


async def _run(plan: Plan, run: Any, payloads: Sequence[Payload]) -> list[dict[str, Any]]:
    root = plan.roots[0]
    assert isinstance(root, OutcomeRoot)
    shape = root.shape
    columns: list[list[Any]] = []
    for column in shape.source.columns:
        values = [payload.outcome.get(column.name) for payload in payloads]
        if column.as_text:
            values = [orjson.dumps(value or []).decode() for value in values]
        columns.append(values)
    run.fetched(shape.source, [shape], columns)
    await fill_levels(plan, run)
    found: list[dict[str, Any]] = run.objects[shape.number]
    return found
