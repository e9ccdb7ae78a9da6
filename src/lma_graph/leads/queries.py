"""Root fields about leads."""

from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from lma_graph.kernel.choices import Choice
from lma_graph.kernel.criteria.querybuilder import to_query
from lma_graph.kernel.errors import FieldError, InvalidInput
from lma_graph.kernel.graphql.commands import Payload
from lma_graph.kernel.graphql.connections import connection_of
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import by_id
from lma_graph.kernel.graphql.filter_fields import FilterField
from lma_graph.kernel.graphql.given import Made, Values
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.lists import PAGE_AT_ROOT, Arguments, Columns, ListField
from lma_graph.kernel.graphql.loaded import LoadedField, argument
from lma_graph.kernel.graphql.nodes import root
from lma_graph.kernel.loaders import All
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Scope
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.leads.inputs import ConvertLeadFilterInput, FindDuplicateLeadsInput, PreviewAssignmentInput
from lma_graph.leads.loaders import DELETED_LEADS, LEADS, SURVIVING_LEAD
from lma_graph.leads.search import BY_RANK, RANK_TYPES, count_statement, search_statement
from lma_graph.leads.service.dealing import AssignmentStrategy, preview
from lma_graph.leads.service.filter_fields import lead_filter_fields
from lma_graph.leads.service.selecting import Selection
from lma_graph.leads.types import AssignmentPreview, ConvertedLeadFilter, DuplicateLead, Lead, duplicates_of


class DeletedLeads(Choice):
    """Which leads a list shows."""

    NONE = "NONE", "Those that are not deleted."
    ONLY = "ONLY", "Those that are deleted, and nothing else."


class LeadsField(ListField):
    """`leads`: like any list, and the only way to deleted leads."""

    pages_alone = False

    def _make_arguments(self) -> list[StrawberryArgument]:
        which = argument(
            "deleted",
            enum_of(DeletedLeads),
            "Whether deleted leads are shown.",
            required=True,
            default=DeletedLeads.NONE,
        )
        return [*super()._make_arguments(), which]

    def rows(self, scope: Scope, page: Page, arguments: Arguments, columns: Columns = None) -> Any:
        """The leads that are asked for."""
        return _leads(arguments).statement(scope, page, columns)

    def count(self, scope: Scope, page: Page, arguments: Arguments) -> Any:
        """How many there are."""
        return _leads(arguments).count(scope, page)


def _leads(arguments: Arguments) -> All:
    return DELETED_LEADS if arguments["deleted"] == DeletedLeads.ONLY else LEADS


class SearchField(ListField):
    """`searchLeads`: a list in the order of relevance."""

    pages_alone = False

    def _make_arguments(self) -> list[StrawberryArgument]:
        text = argument("query", str, "Words to find; the last may be the beginning of one.", required=True)
        return [text, *(one for one in super()._make_arguments() if one.python_name != "order_by")]

    def read_page(self, arguments: Arguments) -> Page:
        """The page in the order of relevance."""
        tree = arguments.get("filter")
        return Page.read(
            default=self.page,
            order=BY_RANK,
            types=RANK_TYPES,
            of="Lead search",
            filter=None if tree is None else LEAD_WORDS.filter(tree),
            **{name: arguments.get(name) for name in ("first", "after", "last", "before")},
        )

    def rows(self, scope: Scope, page: Page, arguments: Arguments, columns: Columns = None) -> Any:
        """What is found, best first; a text without words finds nothing."""
        return search_statement(arguments["query"], scope, page, columns)

    def count(self, scope: Scope, page: Page, arguments: Arguments) -> Any:
        """How many leads are ranked."""
        return count_statement(arguments["query"], scope, page)


class FindDuplicatesField(LoadedField):
    """`findDuplicateLeads`: for values that are not a lead yet."""

    takes: Made = FindDuplicateLeadsInput

    async def value(self, source: Any, context: Context, **arguments: Any) -> Any:  # noqa: ARG002
        """What the values may be a duplicate of."""
        faults: list[FieldError] = []
        values = self.takes.read(arguments["input"], ("input",), faults)
        if faults:
            raise InvalidInput(faults)
        (found,) = await duplicates_of([Values({"id": None, **values})], context)
        return found


def _find_duplicates() -> FindDuplicatesField:
    made = FindDuplicatesField(
        type_annotation=StrawberryAnnotation(list[DuplicateLead]),
        description="Leads that may stand for the person with these values, at most 50, likeliest first; deleted ones "
        "only by their e-mail address.",
    )
    given: Any = made.takes
    made.arguments = [argument("input", given.graphql(), "What is known of the person.", required=True)]
    return made


_LEADS = StrawberryAnnotation(connection_of(Lead))


class InputField(LoadedField):
    """A root field with an input of one of the kinds that mutations have."""

    def __init__(self, takes: Made, described: str, **options: Any) -> None:
        super().__init__(**options)
        self.takes = takes
        self._described = described

    @property
    def arguments(self) -> list[StrawberryArgument]:
        """Made when the schema is assembled: vocabularies are complete by then."""
        if self._arguments is None:
            self._arguments = [argument("input", self.takes.graphql(), self._described, required=True)]
        return self._arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value


class PreviewField(InputField):
    """`previewAssignment`: what a mutation would do, asked of a snapshot."""

    async def value(self, source: Any, context: Context, **arguments: Any) -> Payload:  # noqa: ARG002
        """Deal without writing."""
        given = self.takes.values(arguments["input"])
        strategy = AssignmentStrategy[given.strategy]
        tried = await preview(context.reader, Selection.given(given), strategy, given.user_ids)
        return Payload("AssignmentPreview", tried)


class FilterFieldsField(LoadedField):
    """`leadFilterFields`: what a query builder needs to know."""

    async def value(self, source: Any, context: Context, **_: Any) -> Any:  # noqa: ARG002
        """The fields, those declared by the organization among them."""
        return await lead_filter_fields(context.reader)


class ConvertField(InputField):
    """`convertLeadFilter`: one form of a filter in both. Asks the database nothing."""

    async def value(self, source: Any, context: Context, **arguments: Any) -> Payload:  # noqa: ARG002
        """Both forms."""
        criteria = self.takes.values(arguments["input"]).filter
        return Payload("ConvertedLeadFilter", {"filter": criteria.tree, "query": to_query(criteria)})


@root
class LeadQueries:
    """What can be asked about leads."""

    lead = by_id(
        SURVIVING_LEAD,
        Lead,
        description="One lead by id. The id of a lead that was merged gives the lead it was merged into.",
    )
    leads = LeadsField(
        LEAD_WORDS,
        LEADS,
        PAGE_AT_ROOT,
        type_annotation=_LEADS,
        description="Leads, newest first unless sorted otherwise.",
    )
    find_duplicate_leads = _find_duplicates()
    search_leads = SearchField(
        LEAD_WORDS,
        LEADS,
        PAGE_AT_ROOT,
        type_annotation=_LEADS,
        description="Leads by words of their names, company, job title, e-mail address and the notes you may see, "
        "best match first; at most the 1,000 newest matches are ranked.",
    )
    preview_assignment = PreviewField(
        PreviewAssignmentInput,
        "What to try out.",
        type_annotation=StrawberryAnnotation(AssignmentPreview),
        description="What `autoAssignLeads` would do at this moment; nothing is written. Needs `leads.transfer`.",
    )
    lead_filter_fields = FilterFieldsField(
        type_annotation=StrawberryAnnotation(list[FilterField]),
        description="Everything that `LeadFilter` knows, for a user interface to build filters with: fields, their "
        "operators, their values; the organization's declared custom fields and most used tags.",
    )
    convert_lead_filter = ConvertField(
        ConvertLeadFilterInput,
        "The filter in either form.",
        type_annotation=StrawberryAnnotation(ConvertedLeadFilter),
        description="A filter in both its forms: as `LeadFilter`, and as a query of react-querybuilder.",
    )
