"""Stacked bars as SVG, readable on light and dark ground. Enter at `draw`.

One panel per operation. A bar that would dwarf all the others is cut where the axis ends, with a gap to show it; its
figure stands beside it all the same.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

_WIDTH, _LABEL, _FIGURE = 860, 270, 190
_ROW, _BAR, _HEAD, _GAP = 24, 15, 46, 26
_STYLE = """
text { font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 14px }
.note, .figure { fill: #59636e }
.ours { font-weight: 600 }
.server { fill: #2f7dd1 } .postgres { fill: #e0912f }
.axis { stroke: #8b949e; stroke-width: 1; opacity: .6 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note, .figure { fill: #9ba6b2 }
  .server { fill: #58a6ff } .postgres { fill: #f0b057 }
}
""".strip()


@dataclass(frozen=True)
class Bar:
    """One line of a panel, in milliseconds."""

    label: str
    server: float
    postgres: float
    ours: bool = False

    @property
    def total(self) -> float:
        """The bar's length."""
        return self.server + self.postgres


@dataclass(frozen=True)
class Panel:
    """The bars of one operation."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """How tall it is drawn."""
        return _HEAD + _ROW * len(self.bars) + _GAP


def draw(title: str, panels: Sequence[Panel]) -> str:
    """The whole picture."""
    top = 34
    height = top + sum(panel.height for panel in panels)
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={quoteattr(title)}>',
        f"<style>{_STYLE}</style>",
        *_legend(title),
    ]
    for panel in panels:
        lines += _panel(panel, top)
        top += panel.height
    return "\n".join([*lines, "</svg>"]) + "\n"


def _legend(title: str) -> Iterator[str]:
    yield f'<text x="0" y="16" class="note">{escape(title)}</text>'
    for at, (name, label) in enumerate((("server", "server"), ("postgres", "Postgres"))):
        x = _WIDTH - 170 + 78 * at
        yield f'<rect x="{x}" y="6" width="11" height="11" rx="2" class="{name}"/>'
        yield f'<text x="{x + 16}" y="16">{label}</text>'


def _panel(panel: Panel, top: int) -> Iterator[str]:
    room = _WIDTH - _LABEL - _FIGURE
    longest = _axis([bar.total for bar in panel.bars])
    yield f'<text x="0" y="{top + 24}" class="title">{escape(panel.title)}</text>'
    first = top + _HEAD - 8
    yield f'<line x1="{_LABEL}" x2="{_LABEL}" y1="{first}" y2="{first + _ROW * len(panel.bars)}" class="axis"/>'
    for at, bar in enumerate(panel.bars):
        yield from _bar(bar, first + _ROW * at + (_ROW - _BAR) // 2, room / longest, longest)


def _bar(bar: Bar, y: int, scale: float, longest: float) -> Iterator[str]:
    base = y + _BAR - 3
    mark = ' class="ours"' if bar.ours else ""
    yield f'<text x="{_LABEL - 10}" y="{base}" text-anchor="end"{mark}>{escape(bar.label)}</text>'
    end = float(_LABEL)
    cut = bar.total > longest
    for name, value, before in (("server", bar.server, 0.0), ("postgres", bar.postgres, bar.server)):
        length = max(0.0, min(value, longest - before)) * scale
        if length > 0:
            yield f'<rect x="{end:.1f}" y="{y}" width="{length:.1f}" height="{_BAR}" class="{name}"/>'
        end += length
    if cut:
        yield f'<path d="M{end - 16:.1f} {y + _BAR + 2} l6 {-_BAR - 4}" stroke="#fff" stroke-width="4"/>'
    figure = f"{_number(bar.total)} ms = {_number(bar.server)} + {_number(bar.postgres)}"
    yield f'<text x="{end + 8:.1f}" y="{base}" class="figure">{figure}</text>'


def _axis(totals: Sequence[float]) -> float:
    """Where the axis ends: at the longest bar, or well before it where it would leave the others no room."""
    usual = 3.0 * statistics.median(totals)
    return max(totals) if max(totals) <= 2 * usual else usual


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
