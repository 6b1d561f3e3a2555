"""Which columns of a table go together: a matrix over the columns that fit on a page, and the strongest pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal

import numpy as np
from msgspec import Struct

from modelyard.measure.associations import correlation_ratio, cramers_v, pearson, spearman
from modelyard.rows.table import Floats, Vector

Measure = Literal["spearman", "pearson", "cramers_v", "correlation_ratio"]

ROWS = 50_000
"""More rows than this are sampled (seeded, without replacement): a correlation of 0.1 is then known to ± 0.01."""
COLUMNS = 60
"""Of a matrix; with more, those that go with the target most."""
CATEGORIES = 1000
"""A category with more is left out: each pair of its values is too rare to say anything."""
PAIRS = 20
LEAST = 0.1


class Pair(Struct, frozen=True, kw_only=True):
    """`value`: −1 to 1 for numbers, 0 to 1 where a category is one of the two."""

    a: str
    b: str
    measure: Measure
    value: float


class Associations(Struct, frozen=True, kw_only=True):
    """`values[i][j]`: Spearman for two numbers, Cramér's V for two categories, the correlation ratio for a mixed pair;
    None where there is nothing to measure. `pearson`: the same places, numbers only. `rows`: how many were looked at;
    `left_out`: columns that have no place in the matrix."""

    rows: int
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    pearson: tuple[tuple[float | None, ...], ...]
    strongest: tuple[Pair, ...]
    left_out: tuple[str, ...] = ()


def associations(vectors: Mapping[str, Vector], first: Sequence[str] | None = None) -> Associations:
    """Of those columns. `first`: those that may have a place, in the order in which they get one where there are too
    many; all unless said.

    >>> x = Vector("number", np.arange(50.0))
    >>> associations({"x": x, "y": x}).strongest[0].value
    1.0
    """
    fit = [name for name in (vectors if first is None else first) if _measurable(vectors[name])]
    names = fit[:COLUMNS]
    taken = _sampled({name: vectors[name] for name in names})
    size = len(next(iter(taken.values())).values) if taken else 0
    values, straight = _matrices(taken)
    return Associations(
        rows=size,
        columns=tuple(names),
        values=_plain(values),
        pearson=_plain(straight),
        strongest=tuple(sorted(_pairs(names, taken, values), key=lambda pair: -abs(pair.value))[:PAIRS]),
        left_out=tuple(name for name in vectors if name not in names),
    )


def _measurable(vector: Vector) -> bool:
    return vector.kind != "text" and len(vector.categories) <= CATEGORIES


def _sampled(vectors: Mapping[str, Vector]) -> dict[str, Vector]:
    rows = len(next(iter(vectors.values())).values) if vectors else 0
    if rows <= ROWS:
        return dict(vectors)
    drawn = np.sort(np.random.default_rng(0).choice(rows, ROWS, replace=False))
    return {name: vector.take(drawn) for name, vector in vectors.items()}


def _matrices(vectors: Mapping[str, Vector]) -> tuple[Floats, Floats]:
    """(k, k) of `values` and of `pearson`."""
    listed = list(vectors.values())
    values, straight = np.full((2, len(listed), len(listed)), np.nan)
    numbers = [place for place, vector in enumerate(listed) if vector.kind != "category"]
    if numbers:
        columns = np.stack([listed[place].values for place in numbers], axis=1)
        values[np.ix_(numbers, numbers)] = spearman(columns)
        straight[np.ix_(numbers, numbers)] = pearson(columns)
    for i, j in combinations(range(len(listed)), 2):
        if "category" in (listed[i].kind, listed[j].kind):
            values[i, j] = values[j, i] = _labelled(listed[i], listed[j])
    np.fill_diagonal(values, 1.0)
    return values, straight


def _labelled(a: Vector, b: Vector) -> float:
    if a.kind == b.kind == "category":
        return cramers_v(a.values, b.values)
    return correlation_ratio(a.values, b.values) if a.kind == "category" else correlation_ratio(b.values, a.values)


def _pairs(names: list[str], vectors: Mapping[str, Vector], values: Floats) -> Iterator[Pair]:
    for (i, a), (j, b) in combinations(enumerate(names), 2):
        if abs(values[i, j]) >= LEAST:
            yield Pair(a=a, b=b, measure=_measure(vectors[a], vectors[b]), value=round(float(values[i, j]), 4))


def _measure(a: Vector, b: Vector) -> Measure:
    if a.kind == b.kind == "category":
        return "cramers_v"
    return "correlation_ratio" if "category" in (a.kind, b.kind) else "spearman"


def _plain(matrix: Floats) -> tuple[tuple[float | None, ...], ...]:
    return tuple(tuple(None if np.isnan(v) else round(float(v), 4) for v in row) for row in matrix)
