"""What one column holds: counts, quantiles, shape, a histogram, the commonest values. Arrays in, numbers out.

One sort of a column answers nearly all of it (distinct values, quantiles, commonest, histogram), so a column costs one
sort and no more; categories arrive as codes and cost one count.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.rows.table import Floats, Vector
from modelyard.schema.column import Kind

TOP = 10
"""Commonest values that are kept."""
BARS = 30
"""Of a histogram."""
WHOLE = 2.0**40
"""Beyond it a half is not told from a whole any more, not safely."""
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


class Numbers(Struct, frozen=True, kw_only=True):
    """Of the finite values, in the column's unit (datetimes: microseconds). `deviation` divides by n − 1; `skew` is
    the third standardised moment (0: symmetric). `quantiles` are at LEVELS, linear between values. Histogram: `bars`
    counts between `edges`, of equal width from the lowest to the highest."""

    low: float
    high: float
    mean: float
    deviation: float
    skew: float
    quantiles: tuple[float, ...]
    edges: tuple[float, ...]
    bars: tuple[int, ...]
    zeros: int
    infinite: int = 0


class ColumnSummary(Struct, frozen=True, kw_only=True):
    """`top`: (value, how often), commonest first; of a category the value is its word. `once`: values seen once."""

    kind: Kind
    rows: int
    nulls: int
    distinct: int
    once: int
    top: tuple[tuple[float | str, int], ...]
    numbers: Numbers | None = None

    @property
    def known(self) -> int:
        return self.rows - self.nulls


def summary(vector: Vector) -> ColumnSummary:
    """
    >>> found = summary(Vector("number", np.array([1.0, 2.0, 2.0, np.nan])))
    >>> found.nulls, found.distinct, found.top[0], round(found.numbers.mean, 3)
    (1, 2, (2.0, 2), 1.667)
    """
    if vector.kind == "text":
        return _text(vector)
    return _coded(vector) if vector.kind == "category" else _numeric(vector)


def _numeric(vector: Vector) -> ColumnSummary:
    ordered = np.sort(vector.values[~np.isnan(vector.values)])
    starts = run_starts(ordered)
    often = np.diff(np.append(starts, len(ordered)))
    return ColumnSummary(
        kind=vector.kind,
        rows=len(vector.values),
        nulls=len(vector.values) - len(ordered),
        distinct=len(starts),
        once=int(np.count_nonzero(often == 1)),
        top=tuple((float(ordered[starts[p]]), int(often[p])) for p in commonest(often, TOP)),
        numbers=numbers(ordered),
    )


def _coded(vector: Vector) -> ColumnSummary:
    known = vector.values[vector.values >= 0].astype(np.intp)
    often = np.bincount(known, minlength=len(vector.categories))
    return _counted("category", len(vector.values), vector.categories, often)


def _text(vector: Vector) -> ColumnSummary:
    known = [value for value in vector.values.tolist() if value is not None]
    words, often = np.unique(np.array(known, dtype=np.str_), return_counts=True)
    return _counted("text", len(vector.values), tuple(words.tolist()), often)


def _counted(kind: Kind, rows: int, words: tuple[str, ...], often: NDArray[np.int64]) -> ColumnSummary:
    return ColumnSummary(
        kind=kind,
        rows=rows,
        nulls=rows - int(often.sum()),
        distinct=int(np.count_nonzero(often)),
        once=int(np.count_nonzero(often == 1)),
        top=tuple((words[p], int(often[p])) for p in commonest(often, TOP) if often[p]),
    )


def numbers(ordered: Floats) -> Numbers | None:
    """Of values in rising order without NaN; None where none is finite.

    >>> numbers(np.array([1.0, 2.0, 3.0, 10.0])).quantiles[2]
    2.5
    """
    first, last = np.searchsorted(ordered, -np.inf, side="right"), np.searchsorted(ordered, np.inf, side="left")
    finite = ordered[first:last]
    if not len(finite):
        return None
    mean, deviation, skew = _moments(finite)
    edges, bars = histogram(finite)
    return Numbers(
        low=float(finite[0]),
        high=float(finite[-1]),
        mean=mean,
        deviation=deviation,
        skew=skew,
        quantiles=_quantiles(finite),
        edges=edges,
        bars=bars,
        zeros=int(np.searchsorted(finite, 0.0, side="right") - np.searchsorted(finite, 0.0, side="left")),
        infinite=len(ordered) - len(finite),
    )


def histogram(ordered: Floats, bars: int = BARS) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """(edges, counts): `bars` of equal width, the last with its upper edge. Whole numbers get bars that hold equally
    many of them, from half below the lowest: other widths would show waves that are not in the data.

    >>> histogram(np.array([0.0, 0.5, 1.0, 4.0]), bars=2), histogram(np.array([1.0, 1.0, 4.0]), bars=2)
    (((0.0, 2.0, 4.0), (3, 1)), ((0.5, 2.5, 4.5), (2, 1)))
    """
    low, high = float(ordered[0]), float(ordered[-1])
    if low == high or not np.isfinite(high - low):
        return (low, high), (len(ordered),)
    edges = _whole_edges(low, high, bars) if _whole(ordered) else np.linspace(low, high, bars + 1)
    places = np.searchsorted(ordered, edges[1:-1], side="left")
    counts = np.diff(np.concatenate([[0], places, [len(ordered)]]))
    return tuple(edges.tolist()), tuple(counts.tolist())


def _whole(ordered: Floats) -> bool:
    return abs(float(ordered[0])) + abs(float(ordered[-1])) < WHOLE and bool((ordered == np.floor(ordered)).all())


def _whole_edges(low: float, high: float, bars: int) -> Floats:
    step = np.ceil((high - low + 1) / bars)
    return np.asarray(low - 0.5 + step * np.arange(np.ceil((high - low + 1) / step) + 1))


def run_starts(ordered: Floats) -> NDArray[np.intp]:
    """Where each distinct value of a sorted array begins."""
    if not len(ordered):
        return np.zeros(0, dtype=np.intp)
    return np.append(0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)


def commonest(often: NDArray[np.int64], most: int) -> NDArray[np.intp]:
    """Positions of the largest counts, largest first, the earlier first where equal."""
    if len(often) > most:
        limit = np.partition(often, len(often) - most)[len(often) - most]
        there = np.flatnonzero(often >= limit)
    else:
        there = np.arange(len(often))
    return there[np.argsort(-often[there], kind="stable")][:most]


def _moments(finite: Floats) -> tuple[float, float, float]:
    """(mean, deviation, skew), scaled first so that no square overflows."""
    scale = max(abs(float(finite[0])), abs(float(finite[-1]))) or 1.0
    scaled = finite / scale
    mean = float(scaled.mean())
    centred = scaled - mean
    squares = centred * centred
    variance = float(squares.mean())
    flat = variance <= (1e-14 * max(abs(mean), 1e-300)) ** 2 or len(finite) < 2
    skew = 0.0 if flat else float((squares * centred).mean()) / variance**1.5
    deviation = 0.0 if flat else float(np.sqrt(variance * len(finite) / (len(finite) - 1)))
    return mean * scale, deviation * scale, skew


def _quantiles(ordered: Floats) -> tuple[float, ...]:
    """Linear between neighbours, as numpy's default, without a second sort."""
    at = np.array(LEVELS) * (len(ordered) - 1)
    below = np.floor(at).astype(np.intp)
    low, high = ordered[below], ordered[np.minimum(below + 1, len(ordered) - 1)]
    return tuple((low + (at - below) * (high - low)).tolist())
