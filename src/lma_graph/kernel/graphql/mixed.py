"""A connection over rows of several types, which share an interface. Enter at `to_mixed`."""

from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from lma_graph.kernel.choices import Choice
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.graphql.connections import Connected, connection_of
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.lists import PAGE_AT_ROOT, Arguments, SlicedField
from lma_graph.kernel.graphql.loaded import argument
from lma_graph.kernel.mixed import KINDS_OF_CURSOR, LATEST, Mixed, MixedCount, MixedPage
from lma_graph.kernel.paging import Page


class MixedField(SlicedField):
    """A page of what hangs on this row in several tables."""

    def __init__(self, spec: Mixed, choices: type[Choice], page: int, of: str, **options: Any) -> None:
        super().__init__(page, **options)
        self.spec = spec
        self.choices = choices
        self.of = of

    def _make_arguments(self) -> list[StrawberryArgument]:
        kinds: Any = list[enum_of(self.choices)]  # type: ignore[misc]
        return [*super()._make_arguments(), argument("kinds", kinds, "Only entries of these kinds; all by default.")]

    def read_page(self, arguments: Arguments) -> MixedPage:
        """The page that a client asked for."""
        given = arguments.get("kinds")
        wanted = set(self.choices.__members__ if given is None else map(str, given))
        if not wanted:
            raise InvalidInput.at(("kinds",), "must name at least one kind; leave it out for all", "INVALID_VALUE")
        page = Page.read(
            default=self.page,
            order=LATEST,
            first=arguments.get("first"),
            after=arguments.get("after"),
            last=arguments.get("last"),
            before=arguments.get("before"),
            types=KINDS_OF_CURSOR,
            of=self.of,
        )
        kinds = tuple(kind.name for kind in self.spec.kinds if kind.name in wanted)
        return MixedPage(page.limit, page.backward, page.position, page.order, None, page.of, page.bounded, kinds)

    async def value(self, source: Any, context: Context, **arguments: Any) -> Connected:
        """One statement for the places of all rows of the level, and one per type for the rows."""
        page = self.read_page(arguments)
        rows = await context.load(self.spec, source.id, page)
        uncut = MixedPage(limit=0, kinds=page.kinds)
        return Connected(rows, page, lambda: context.load(MixedCount(self.spec), source.id, uncut))


def to_mixed(spec: Mixed, interface: Any, choices: type[Choice], *, description: str) -> Any:
    """A connection over rows of several types that share an interface; `choices` names the kinds of the spec."""
    kind = StrawberryAnnotation(connection_of(interface))
    name = interface.__strawberry_definition__.name
    return MixedField(spec, choices, PAGE_AT_ROOT, name, type_annotation=kind, description=description)
