"""Root fields about leads."""

from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from lma_graph.kernel.choices import Choice
from lma_graph.kernel.graphql.connections import Connected, connection_of
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import PAGE_AT_ROOT, ListField, argument, by_id, listed
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.nodes import root
from lma_graph.kernel.paging import Page
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.leads.loaders import DELETED_LEADS, LEAD, LEADS
from lma_graph.leads.search import BY_RANK, RANK_TYPES, count_statement, search_statement
from lma_graph.leads.types import Lead


class DeletedLeads(Choice):
    """Which leads a list shows."""

    NONE = "NONE", "Those that are not deleted."
    ONLY = "ONLY", "Those that are deleted, and nothing else."


class LeadsField(ListField):
    """`leads`: like any list, and the only way to deleted leads."""

    def _make_arguments(self) -> list[StrawberryArgument]:
        which = argument(
            "deleted",
            enum_of(DeletedLeads),
            "Whether deleted leads are shown.",
            required=True,
            default=DeletedLeads.NONE,
        )
        return [*super()._make_arguments(), which]

    async def value(self, source: Any, context: Context, **arguments: Any) -> Connected:  # noqa: ARG002
        """A page of leads."""
        spec = DELETED_LEADS if arguments["deleted"] == DeletedLeads.ONLY else LEADS
        return await listed(spec, self.read_page(arguments), context)


class SearchField(ListField):
    """`searchLeads`: a list in the order of relevance."""

    def _make_arguments(self) -> list[StrawberryArgument]:
        text = argument("query", str, "Words to find; the last may be the beginning of one.", required=True)
        return [text, *(one for one in super()._make_arguments() if one.python_name != "order_by")]

    async def value(self, source: Any, context: Context, **arguments: Any) -> Connected:  # noqa: ARG002
        """A page of what is found, best first; a text without words finds nothing."""
        tree = arguments.get("filter")
        page = Page.read(
            default=self.page,
            order=BY_RANK,
            types=RANK_TYPES,
            of="Lead search",
            filter=None if tree is None else LEAD_WORDS.filter(tree),
            **{name: arguments.get(name) for name in ("first", "after", "last", "before")},
        )
        text = arguments["query"]
        statement = search_statement(text, context.scope, page)
        rows = [] if statement is None else await context.reader.rows(statement)

        async def count() -> int:
            counting = count_statement(text, context.scope, page)
            return 0 if counting is None else int((await context.reader.rows(counting))[0][0])

        return Connected(rows, page, count)


_LEADS = StrawberryAnnotation(connection_of(Lead))


@root
class LeadQueries:
    """What can be asked about leads."""

    lead = by_id(LEAD, Lead, description="One lead by id.")
    leads = LeadsField(
        LEAD_WORDS,
        LEADS,
        PAGE_AT_ROOT,
        type_annotation=_LEADS,
        description="Leads, newest first unless sorted otherwise.",
    )
    search_leads = SearchField(
        LEAD_WORDS,
        LEADS,
        PAGE_AT_ROOT,
        type_annotation=_LEADS,
        description="Leads by words of their names, company, job title, e-mail address and the notes you may see, "
        "best match first; at most the 1,000 newest matches are ranked.",
    )
