"""Charts as SVG text: a histogram, bars of the commonest values, a heat map. Every text is escaped; colours are the
page's own (`currentColor`, CSS classes), so that one chart serves light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 260, 64
ROW = 16
CELL = 18
LABEL = 120
"""Pixels for the names beside a heat map."""


def histogram(bars: Sequence[int], edges: Sequence[str], ends: tuple[str, str]) -> str:
    """`edges`: len(bars) + 1 labels; `ends`: of the lowest and highest value. Each bar tells its own range and count
    when pointed at.

    >>> histogram([1, 2], ["0", "1", "2"], ("0", "1.5")).count("<rect")
    2
    """
    most, width = max(bars, default=0) or 1, WIDTH / max(len(bars), 1)
    parts = [
        f'<rect class="bar" x="{place * width:.1f}" y="{HEIGHT - _height(count, most):.1f}" '
        f'width="{max(width - 1, 0.5):.1f}" height="{_height(count, most):.1f}">'
        f"<title>{escape(f'{edges[place]} to {edges[place + 1]}: {count:,}')}</title></rect>"
        for place, count in enumerate(bars)
        if count
    ]
    low = f'<text x="0" y="{HEIGHT + 13}">{escape(ends[0])}</text>'
    high = f'<text x="{WIDTH}" y="{HEIGHT + 13}" text-anchor="end">{escape(ends[1])}</text>'
    return _svg(WIDTH, HEIGHT + 16, "histogram", [*parts, low, high])


def ranking(values: Sequence[tuple[str, int]], total: int) -> str:
    """Bars of the commonest values; pointed at, each tells its share of `total`.

    >>> "7 of 10" in ranking([("a", 7)], 10)
    True
    """
    parts: list[str] = []
    most = max((count for _, count in values), default=0) or 1
    for place, (word, count) in enumerate(values):
        y, width = place * ROW, 150 * count / most
        title = f"<title>{escape(f'{word}: {count:,} of {total:,}')}</title>"
        parts += [
            f'<text x="96" y="{y + 12}" text-anchor="end">{escape(_short(word, 14))}</text>',
            f'<rect class="bar" x="102" y="{y + 3}" width="{max(width, 1):.1f}" height="10">{title}</rect>',
        ]
    return _svg(WIDTH, max(len(values), 1) * ROW, "commonest values", parts)


def heat_map(names: Sequence[str], values: Sequence[Sequence[float | None]], told: Sequence[Sequence[str]]) -> str:
    """Squares, rose for rising together, blue for falling; `told`: what each says when pointed at."""
    parts = []
    for i, name in enumerate(names):
        y = LABEL + i * CELL
        parts.append(f'<text x="{LABEL - 6}" y="{y + 13}" text-anchor="end">{escape(_short(name, 17))}</text>')
        parts.append(
            f'<text transform="translate({LABEL + i * CELL + 13},{LABEL - 6}) rotate(-60)">'
            f"{escape(_short(name, 17))}</text>"
        )
        for j, found in enumerate(values[i]):
            if found is not None:
                colour = "up" if found >= 0 else "down"
                parts.append(
                    f'<rect class="{colour}" fill-opacity="{abs(found):.2f}" x="{LABEL + j * CELL}" y="{y}" '
                    f'width="{CELL - 1}" height="{CELL - 1}"><title>{escape(told[i][j])}</title></rect>'
                )
    side = LABEL + len(names) * CELL
    return _svg(side + 60, side, "associations", parts)


def _height(count: int, most: int) -> float:
    return max(HEIGHT * count / most, 1.5)


def _short(text: str, letters: int) -> str:
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _svg(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    head = f'<svg width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" role="img"'
    return f'{head} aria-label="{escape(label)}">{"".join(parts)}</svg>'
