"""What a person should know of a column before it is learned from: each doubt with its evidence in numbers.

The limits are judgements, kept here as names; none of them changes data. `grave` is what makes a model look better
than it will be (leaks), `warn` what usually needs a decision, `note` what is worth a look.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from msgspec import Struct

from modelyard.measure.columns import ColumnSummary
from modelyard.measure.words import dated, numeric
from modelyard.rows.table import Floats, Vector

DoubtKind = Literal[
    "constant", "nearly_constant", "mostly_missing", "id_like", "dates_as_text", "mixed_types", "outliers", "skew",
    "high_cardinality", "class_imbalance", "duplicate_rows", "duplicate_column", "target_copy", "target_near_copy",
    "after_the_fact", "split_duplicates", "time_order", "split_time",
]  # fmt: skip
Level = Literal["grave", "warn", "note"]

NEARLY = 0.99
"""One value in this share of the known rows: nearly constant."""
MISSING = 0.5
OWN = 0.9
"""Distinct values per known row: id-like."""
ENOUGH = 20
"""Known rows below which nothing is called id-like."""
MANY = 50
"""Categories: high cardinality."""
FAR = 3.0
"""Interquartile ranges beyond the quartiles (Tukey's outer fences): outliers."""
SKEW = 2.0
FEW = 10
"""Numbers with no more values are levels: no outliers, no skew."""
RARE = 0.1
"""Share of a class: imbalance."""
DATED = 0.9


class Doubt(Struct, frozen=True, kw_only=True):
    """`value`: the number that the doubt rests on (a share, a count or a correlation); `evidence` says it in words."""

    kind: DoubtKind
    level: Level
    columns: tuple[str, ...]
    value: float
    evidence: str
    examples: tuple[str, ...] = ()


def column_doubts(name: str, found: ColumnSummary, vector: Vector) -> tuple[Doubt, ...]:
    """Of one column alone.

    >>> from modelyard.measure.columns import summary
    >>> one = Vector("number", np.ones(30))
    >>> column_doubts("x", summary(one), one)[0].evidence
    'all 30 known values are 1'
    """
    if found.distinct <= 1:
        return (_constant(name, found),)
    out = [_missing(name, found), _nearly(name, found), _own(name, found), *_words(name, found, vector)]
    out += [_whole_dates(name, found, vector)]
    if not any(doubt is not None and doubt.kind in ("id_like", "dates_as_text") for doubt in out):
        out += [_many(name, found), _outliers(name, found, vector), _skewed(name, found)]
    return tuple(doubt for doubt in out if doubt is not None)


def class_doubt(name: str, counts: tuple[tuple[str, int], ...]) -> tuple[Doubt, ...]:
    """Of a target's classes.

    >>> class_doubt("left", (("no", 95), ("yes", 5)))[0].evidence
    "class 'yes' is 5 of 100 rows (5.0 %): accuracy says little, average_precision says more"
    """
    total = sum(count for _, count in counts)
    if len(counts) < 2 or not total:
        return ()
    word, least = min(counts, key=lambda pair: pair[1])
    if least / total >= min(RARE, 0.5 / len(counts)):
        return ()
    better = "average_precision says more" if len(counts) == 2 else "log_loss and per-class recall say more"
    said = f"class {word!r} is {least:,} of {total:,} rows ({percent(least / total)}): accuracy says little, {better}"
    return (Doubt(kind="class_imbalance", level="warn", columns=(name,), value=least / total, evidence=said),)


def percent(share: float) -> str:
    """
    >>> percent(0.05), percent(0.00004), percent(0.99996)
    ('5.0 %', '< 0.1 %', '> 99.9 %')
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if 0.999 < share < 1 else f"{100 * share:.1f} %"


def _constant(name: str, found: ColumnSummary) -> Doubt:
    said = f"all {found.known:,} known values are {shown(found.top[0][0])}" if found.top else "every value is missing"
    return Doubt(kind="constant", level="warn", columns=(name,), value=1.0, evidence=said)


def _missing(name: str, found: ColumnSummary) -> Doubt | None:
    share = found.nulls / max(found.rows, 1)
    if share <= MISSING:
        return None
    said = f"{found.nulls:,} of {found.rows:,} values are missing ({percent(share)})"
    return Doubt(kind="mostly_missing", level="note", columns=(name,), value=share, evidence=said)


def _nearly(name: str, found: ColumnSummary) -> Doubt | None:
    value, often = found.top[0]
    share = often / found.known
    if share < NEARLY:
        return None
    said = f"{often:,} of {found.known:,} known values ({percent(share)}) are {shown(value)}"
    return Doubt(kind="nearly_constant", level="warn", columns=(name,), value=share, evidence=said)


def _own(name: str, found: ColumnSummary) -> Doubt | None:
    share = found.distinct / found.known
    whole = found.kind == "integer" and share == 1.0
    if found.known < ENOUGH or not (whole or (found.kind in ("category", "text") and share > OWN)):
        return None
    said = f"{found.distinct:,} different values in {found.known:,} known rows: a name for a row, not a feature"
    return Doubt(kind="id_like", level="warn", columns=(name,), value=share, evidence=said, examples=_top(found))


def _words(name: str, found: ColumnSummary, vector: Vector) -> list[Doubt | None]:
    if found.kind not in ("category", "text"):
        return []
    words = vector.categories or tuple(str(value) for value, _ in found.top)
    moments, numbers = dated(words), numeric(words)
    if moments >= DATED:
        said = f"{percent(moments)} of its values read as dates, but the column is text"
        return [Doubt(kind="dates_as_text", level="warn", columns=(name,), value=moments, evidence=said,
                      examples=_top(found))]  # fmt: skip
    if 0.1 <= numbers < 1.0:
        odd = tuple(word for word in words if not numeric((word,)))[:3]
        said = f"{percent(numbers)} of its different values are numbers, others are not, such as {', '.join(odd)!r}"
        return [Doubt(kind="mixed_types", level="warn", columns=(name,), value=numbers, evidence=said, examples=odd)]
    return []


def _whole_dates(name: str, found: ColumnSummary, vector: Vector) -> Doubt | None:
    """Numbers such as 20130131."""
    if found.kind not in ("integer", "number") or found.numbers is None or found.distinct <= FEW:
        return None
    if not 19000101 <= found.numbers.low <= found.numbers.high <= 21001231:
        return None
    known: Floats = vector.values[~np.isnan(vector.values)]
    month, day = known // 100 % 100, known % 100
    if not bool(((known % 1 == 0) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all()):
        return None
    said = f"every number reads as a date YYYYMMDD, from {found.numbers.low:.0f} to {found.numbers.high:.0f}"
    return Doubt(kind="dates_as_text", level="warn", columns=(name,), value=1.0, evidence=said)


def _many(name: str, found: ColumnSummary) -> Doubt | None:
    if found.kind != "category" or found.distinct <= MANY:
        return None
    said = f"{found.distinct:,} categories, {found.once:,} of them in one row only"
    return Doubt(kind="high_cardinality", level="note", columns=(name,), value=float(found.distinct), evidence=said)


def _outliers(name: str, found: ColumnSummary, vector: Vector) -> Doubt | None:
    if found.numbers is None or found.distinct <= FEW or found.kind not in ("number", "integer"):
        return None
    _, first, _, third, _ = found.numbers.quantiles
    low, high = first - FAR * (third - first), third + FAR * (third - first)
    if not first < third or not (found.numbers.low < low or found.numbers.high > high):
        return None
    below, above = int((vector.values < low).sum()), int((vector.values > high).sum())
    share = (below + above) / found.known
    sides = [f"below {low:.6g}"] * bool(below) + [f"above {high:.6g}"] * bool(above)
    ends = [f"{found.numbers.low:.6g}"] * bool(below) + [f"{found.numbers.high:.6g}"] * bool(above)
    said = (
        f"{below + above:,} of {found.known:,} values ({percent(share)}) are {' or '.join(sides)}, three interquartile "
        f"ranges beyond the middle half, as far as {' and '.join(ends)}"
    )
    return Doubt(kind="outliers", level="note", columns=(name,), value=share, evidence=said)


def _skewed(name: str, found: ColumnSummary) -> Doubt | None:
    if found.numbers is None or found.distinct <= FEW or found.kind not in ("number", "integer"):
        return None
    skew = found.numbers.skew
    if abs(skew) <= SKEW:
        return None
    said = f"skew {skew:.2f}: mean {found.numbers.mean:.6g} against median {found.numbers.quantiles[2]:.6g}"
    return Doubt(kind="skew", level="note", columns=(name,), value=skew, evidence=said)


def _top(found: ColumnSummary) -> tuple[str, ...]:
    return tuple(shown(value) for value, _ in found.top[:3])


def shown(value: float | str) -> str:
    """
    >>> shown(1.0), shown(0.25), shown("DE"), shown(20130131.0)
    ('1', '0.25', "'DE'", '20130131')
    """
    if isinstance(value, str):
        return repr(value)
    return f"{value:.0f}" if value % 1 == 0 and abs(value) < 1e15 else f"{value:.6g}"
