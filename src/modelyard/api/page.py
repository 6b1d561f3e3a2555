"""A profile as one HTML page: no script, no network, nothing but this file.

Why no chart library: Altair's pages carry Vega's JavaScript (some 800 kB, parsed before anything is seen) and would be
a dependency for one page. These charts are bars and squares: as SVG they are small, there at once, and need no script,
so the page can forbid all scripts, whatever a table holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from modelyard.api.profile import LEVELS, Seen, TableProfile
from modelyard.api.svg import heat_map, histogram, ranking
from modelyard.api.words import number, value
from modelyard.measure.doubts import Doubt, percent

CHARTED = 200
"""Columns with a chart; of a wider table the rest stands in one table of numbers."""
SAMPLED = 60
"""Columns of the first rows."""
LISTED = 200
"""Doubts of one level that are listed."""
OPEN = 8
"""More notes than this are folded."""

STYLE = """
:root{color-scheme:light dark;--bar:#4c78a8;--line:#d8dce2;--soft:#6b7280;--grave:#c0392b;--warn:#b7791f;--note:#4a5568;
--card:#fff;--back:#f6f7f9;--ink:#1a202c}
@media (prefers-color-scheme:dark){:root{--bar:#7aa6d6;--line:#333a45;--soft:#9aa4b2;--grave:#ff7b6b;--warn:#e5b454;
--note:#b0bac9;--card:#1d222b;--back:#14181f;--ink:#e6e9ef}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--back);margin:0 auto;max-width:1180px;
padding:24px}
h1{font-size:22px;margin:0}h2{font-size:16px;margin:28px 0 10px}h3{font-size:14px;margin:0;overflow-wrap:anywhere}
.soft,svg text{color:var(--soft);fill:var(--soft)}svg{font-size:10.5px;max-width:100%;display:block;margin-top:8px}
.bar{fill:var(--bar)}.up{fill:#c2185b}.down{fill:#1565c0}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(282px,1fr));gap:12px}
.card,ul,.wide{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px;margin:0}
.card{content-visibility:auto;contain-intrinsic-size:auto 282px auto 190px}summary{cursor:pointer;padding:8px 0}
.wide{overflow-x:auto}ul{list-style:none}li{padding:4px 0}li+li{border-top:1px solid var(--line)}ul+ul{margin-top:10px}
b.grave{color:var(--grave)}b.warn{color:var(--warn)}b.note{color:var(--note)}b{font-weight:600}
table{border-collapse:collapse}td,th{padding:3px 14px 3px 0;text-align:left;white-space:nowrap}th{font-weight:600}
td.n{text-align:right;font-variant-numeric:tabular-nums}.tag{border:1px solid currentColor;border-radius:9px;
padding:0 7px;font-size:11px;margin-left:6px;white-space:nowrap}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(found: TableProfile) -> str:
    """The whole document, UTF-8. Everything that comes from the table is escaped."""
    return "".join(_page(found))


def _page(found: TableProfile) -> Iterator[str]:
    title = escape(f"{found.source}: {found.rows:,} rows, {len(found.columns)} columns")
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
    yield f"<h1>{escape(found.source)}</h1>"
    target = f", target <b>{escape(found.target)}</b>" if found.target else ""
    yield f'<p class="soft">{escape(found.kind)}: {found.rows:,} rows, {len(found.columns):,} columns{target}</p>'
    yield from _doubts(found)
    yield from _columns(found)
    yield from _unread(found)
    yield from _associations(found)
    yield from _sample(found)
    yield "</body></html>\n"


def _doubts(found: TableProfile) -> Iterator[str]:
    yield "<h2>Warnings</h2>"
    if not found.doubts:
        yield '<p class="soft">Nothing was found that needs a word.</p>'
        return
    for level in LEVELS:
        of_level = [doubt for doubt in found.doubts if doubt.level == level]
        folded = level == "note" and len(of_level) > OPEN
        if of_level:
            yield f"<details><summary>{len(of_level):,} notes</summary>" if folded else ""
            yield f"<ul>{''.join(map(_doubt, of_level[:LISTED]))}"
            more = len(of_level) - LISTED
            yield f'<li class="soft">and {more:,} more</li></ul>' if more > 0 else "</ul>"
            yield "</details>" if folded else ""


def _doubt(doubt: Doubt) -> str:
    named = f"<b>{escape(', '.join(doubt.columns))}</b> " if doubt.columns else ""
    kind = doubt.kind.replace("_", " ")
    return f'<li><b class="{doubt.level}">{kind}</b> {named}<span>{escape(doubt.evidence)}</span></li>'


def _columns(found: TableProfile) -> Iterator[str]:
    yield '<h2>Columns</h2><div class="cards">'
    doubted: dict[str, list[Doubt]] = {}
    for doubt in found.doubts:
        for name in doubt.columns[:1]:
            doubted.setdefault(name, []).append(doubt)
    names = sorted(found.columns, key=lambda name: (name != found.target, name not in doubted)) if (
        len(found.columns) > CHARTED) else list(found.columns)  # fmt: skip
    for name in names[:CHARTED]:
        yield from _card(name, found.columns[name], doubted.get(name, []), name == found.target)
    yield "</div>"
    if len(names) > CHARTED:
        yield from _plain(found, names[CHARTED:])


def _card(name: str, seen: Seen, doubts: list[Doubt], target: bool) -> Iterator[str]:
    tags = "".join(f'<span class="tag">{word}</span>' for word in [seen.kind, *(["target"] if target else [])])
    marks = "".join(
        f'<b class="{d.level}" title="{escape(d.evidence)}"><span class="tag">{d.kind.replace("_", " ")}</span></b>'
        for d in doubts
    )
    yield f'<div class="card"><h3>{escape(name)}{tags}</h3><div class="soft">{escape(_facts(seen))}</div>{marks}'
    yield f"{_chart(seen)}</div>"


def _facts(seen: Seen) -> str:
    found = seen.summary
    missing = (
        f"{found.nulls:,} missing ({percent(found.nulls / max(found.rows, 1))})" if found.nulls else "none missing"
    )
    said = [f"{found.distinct:,} distinct", missing]
    if found.numbers is not None and seen.kind in ("number", "integer"):
        said.append(f"mean {number(found.numbers.mean)}, median {number(found.numbers.quantiles[2])}")
    if seen.tells is not None and seen.tells >= 0.005:
        said.append(f"tells {percent(seen.tells)} of the target")
    return " · ".join(said)


def _chart(seen: Seen) -> str:
    found = seen.summary
    if found.numbers is not None and seen.kind != "boolean":
        held = found.numbers
        ends = value(held.low, seen.kind), value(held.high, seen.kind)
        return histogram(held.bars, [value(edge, seen.kind) for edge in held.edges], ends)
    return ranking([(value(word, seen.kind), count) for word, count in found.top], found.known) if found.top else ""


def _plain(found: TableProfile, names: list[str]) -> Iterator[str]:
    yield '<h2>Further columns</h2><div class="wide"><table><tr><th>column<th>kind<th>missing<th>distinct<th>range</tr>'
    for name in names:
        seen = found.columns[name]
        numbers = seen.summary.numbers
        ends = f"{value(numbers.low, seen.kind)} to {value(numbers.high, seen.kind)}" if numbers else ""
        yield f'<tr><td>{escape(value(name, wide=60))}<td>{seen.kind}<td class="n">{seen.summary.nulls:,}'
        yield f'<td class="n">{seen.summary.distinct:,}<td>{escape(ends)}</tr>'
    yield "</table></div>"


def _unread(found: TableProfile) -> Iterator[str]:
    if found.unread:
        named = [f"{value(name, wide=60)} ({held[:60]})" for name, held in found.unread.items()]
        shown = escape(", ".join(named))
        yield f'<p class="soft">Not read, as no step knows what they hold: {shown}.</p>'


def _associations(found: TableProfile) -> Iterator[str]:
    together = found.associations
    if len(together.columns) < 2:
        return
    said = f"of {together.rows:,} rows" + (" drawn at random" if together.rows < found.rows else "")
    yield '<h2>What goes together</h2><p class="soft">Numbers: Spearman. Two categories: Cramér’s V. Mixed: '
    yield f"correlation ratio. The last two are corrected for chance. {said}; pearson and value when pointed at.</p>"
    yield f'<div class="wide">{heat_map(together.columns, together.values, _told(found))}</div>'
    if together.strongest:
        yield '<h2>Strongest pairs</h2><div class="wide"><table>'
        for pair in together.strongest:
            yield f'<tr><td>{escape(pair.a)}<td>{escape(pair.b)}<td class="soft">{pair.measure.replace("_", " ")}'
            yield f'<td class="n">{pair.value:.3f}</tr>'
        yield "</table></div>"


def _told(found: TableProfile) -> list[list[str]]:
    together = found.associations
    return [
        [
            f"{a} · {b}: {together.values[i][j]}"
            + (f" (pearson {together.pearson[i][j]})" if together.pearson[i][j] is not None else "")
            for j, b in enumerate(together.columns)
        ]
        for i, a in enumerate(together.columns)
    ]


def _sample(found: TableProfile) -> Iterator[str]:
    if not found.sample:
        return
    names = list(found.columns)[:SAMPLED]
    yield '<h2>First rows</h2><div class="wide"><table><tr>'
    yield "".join(f"<th>{escape(value(name, wide=40))}" for name in names) + "</tr>"
    for row in found.sample:
        yield "<tr>" + "".join(f"<td>{escape(value(row[name], wide=40))}" for name in names) + "</tr>"
    yield "</table></div>"
