"""Parsed and validated documents, kept for the next request. Enter at `Documents.get`.

Parsing and validating cost more than running most operations, and clients send the same few documents over
and over. A `Document` carries what later stages compute about each of its operations (`Operation.memo`), so
limits and plans live and are dropped with the document they belong to.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValidationRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from lma_graph.kernel.errors import LimitExceeded
from lma_graph.kernel.graphql.errors import OperationUnresolved
from lma_graph.kernel.lru import BoundedLru

_BYTES_PER_TOKEN = 500
"""What a parsed document occupies for each of its tokens at the most, measured on `{b b b …}`; W1: 300."""
_MAX_COMMENTS = 1_000
_MAX_ERRORS = 20
_MERGE_BUDGET = 100_000


class MergeWithinBudget(OverlappingFieldsCanBeMergedRule):
    """The specification's rule of mergeable fields with a fifth of graphql-core's budget.

    Comparing fields pairwise is quadratic; with the library's own budget 4 KB of repeated fields occupy the
    event loop for 1.6 seconds before validation gives up.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _MERGE_BUDGET


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """One operation of a document."""

    name: str | None
    type: OperationType
    node: OperationDefinitionNode
    memo: dict[Hashable, object] = field(default_factory=dict)
    """What later stages found out about the operation and want to keep as long as the document is kept."""


@dataclass(frozen=True, eq=False, slots=True)
class Document:
    """A document that was parsed and validated.

    With `errors` it must not be run; without an `ast` it could not even be parsed.
    """

    text: str
    ast: DocumentNode | None
    operations: tuple[Operation, ...] = ()
    errors: tuple[GraphQLError, ...] = ()

    def operation(self, name: str | None) -> Operation:
        """The operation of that name, or the only one. Raises `OperationUnresolved`."""
        if name is not None:
            for operation in self.operations:
                if operation.name == name:
                    return operation
            raise OperationUnresolved("The document has no operation of the name given in operationName.")
        if len(self.operations) == 1:
            return self.operations[0]
        if self.operations:
            raise OperationUnresolved("The document has several operations: name one in operationName.")
        raise OperationUnresolved("The document has no operation.")


def _operations(ast: DocumentNode) -> tuple[Operation, ...]:
    return tuple(
        Operation(node.name.value if node.name else None, node.operation, node)
        for node in ast.definitions
        if isinstance(node, OperationDefinitionNode)
    )


def _rules(*, introspection: bool) -> tuple[type[ValidationRule], ...]:
    found = [MergeWithinBudget if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules]
    found += [MaybeNullValidationRule, OneOfInputValidationRule]
    if not introspection:
        found.append(NoSchemaIntrospectionCustomRule)
    return tuple(found)  # type: ignore[arg-type]


class Documents:
    """The documents of one schema, bounded in number and in bytes.

    Refused documents are not kept: they would push out good ones, and their errors hold on to the tree.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        max_tokens: int,
        max_length: int = 200_000,
        introspection: bool = True,
        max_items: int = 1_000,
        max_bytes: int = 64_000_000,
    ) -> None:
        self._schema = schema
        self._max_tokens = max_tokens
        self._max_length = max_length
        self._rules = _rules(introspection=introspection)
        self._kept: BoundedLru[str, Document] = BoundedLru(max_items=max_items, max_weight=max_bytes)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, text: str) -> tuple[Document, bool]:
        """The document for a text, whose `errors` must be looked at, and whether it was kept already.

        Raises `LimitExceeded` for a text that is too long or has too many tokens.
        """
        found = self._kept.get(text)
        if found is not None:
            return found, True
        made = self._make(text)
        if not made.errors:
            self._kept.put(text, made, _weight(made))
        return made, False

    def _make(self, text: str) -> Document:
        if len(text) > self._max_length:
            raise LimitExceeded(
                f"The document is {len(text)} characters long; at most {self._max_length} are allowed.",
                limit="length",
                allowed=self._max_length,
                found=len(text),
            )
        try:
            ast = parse(text, max_lexical_tokens=self._max_tokens, max_comments=_MAX_COMMENTS)
        except GraphQLSyntaxError as error:
            self._refuse_size(error)
            return Document(text, None, errors=(_detached(error),))
        errors = validate(self._schema, ast, self._rules, max_errors=_MAX_ERRORS, hide_suggestions=True)
        return Document(text, ast, _operations(ast), tuple(errors))

    def _refuse_size(self, error: GraphQLSyntaxError) -> None:
        """Turn graphql-core's abort into a limit; the library gives it no type of its own."""
        for limit, allowed in (("tokens", self._max_tokens), ("comments", _MAX_COMMENTS)):
            if f"contains more than {allowed} {limit}" in error.message:
                raise LimitExceeded(
                    f"The document has more than {allowed} {limit}.", limit=limit, allowed=allowed
                ) from None


def _weight(document: Document) -> int:
    """Roughly what the document occupies, in bytes."""
    tokens = 0
    token = document.ast.loc.start_token if document.ast and document.ast.loc else None
    while token is not None:
        tokens += 1
        token = token.next
    return tokens * _BYTES_PER_TOKEN + len(document.text)


def _detached(error: GraphQLSyntaxError) -> GraphQLSyntaxError:
    """The error without its traceback, whose frames would keep the parser alive."""
    return error.with_traceback(None)
