"""What a filter knows, as GraphQL types for user interfaces; `kernel.criteria.described` makes what they show."""

from lma_graph.kernel.criteria.described import FilterOperands, FilterValueType
from lma_graph.kernel.graphql.commands import payload, told
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.nodes import extend


@payload
class FilterValue:
    """A value that a field can have."""

    name = told(str, of="name", description="The value, as rules and filters have it.")
    label = told(str, of="label", description="Words for people.")
    description = told(str | None, of="description", description="What it means.")


@payload
class FilterOperator:
    """An operator of a field."""

    name = told(str, of="name", description="The `operator` of a rule.")
    label = told(str, of="label", description="Words for people.")
    takes = told(enum_of(FilterOperands), of="takes", description="How many values it takes.")
    value_type = told(enum_of(FilterValueType) | None, of="value_type", description="What each value is.")
    filter_operators = told(
        list[str], of="filter_operators", description="The operators that say it in a filter, such as `eq` of `=`."
    )
    negated = told(bool, of="negated", description="Whether it is the complement of what these operators say.")


@payload
class FilterField:
    """A field of a filter."""

    name = told(str, of="name", description="The `field` of a rule.")
    label = told(str, of="label", description="Words for people.")
    description = told(str, of="description", description="What it is.")
    path = told(list[str], of="path", description="The keys that lead to it in a filter.")
    value_type = told(enum_of(FilterValueType), of="value_type", description="What its values are.")
    id_of = told(str | None, of="id_of", description="For ids: the type they must be of.")
    input_type = told(str | None, of="input_type", description="The `inputType` of HTML that suits it.")
    value_editor_type = told(
        str | None, of="value_editor_type", description="The `valueEditorType` of react-querybuilder that suits it."
    )
    operators = told(list[FilterOperator], of="operators", description="What can be asked of it.")
    values = told(list[FilterValue], of="values", description="The closed set of its values, or often used ones.")
    match_modes = told(list[str], of="match_modes", description="For relations: the modes that a `match` may have.")


@extend(FilterField)
class FilterFieldParts:
    """What lies below a field."""

    fields = told(
        list[FilterField],
        of="fields",
        description="Fields of the related rows, at most three relations deep; of documents those that are declared.",
    )
