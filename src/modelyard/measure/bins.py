"""How one column is counted: which bin a value falls into.

Why counts: they add up. Hours become days, days become a history, and what a monitor needs of a million rows is a
few numbers that can be stored, merged and made again from the log.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.rows.table import Floats, Vector
from modelyard.schema.column import Kind

Codes = NDArray[np.intp]

LEVELS = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
TOP = 11
"""Categories that get a bin of their own; the rest, and what was never seen, share the last one."""
WIDTH = len(LEVELS) + 2
"""The most bins that a column has, the null bin included."""


class Bins(Struct, frozen=True, kw_only=True):
    """Bin 0 is null. Numbers: bin k holds (edges[k-2], edges[k-1]]. Categories: the most frequent ones in order, then
    one bin for all others. Text and datetimes are only present or null: their values always move on.

    >>> from modelyard.rows.table import table
    >>> vector = table(city=["b", "a", "b", None]).vector("city")
    >>> bins = learn_bins("city", vector)
    >>> bins.codes(vector).tolist(), bins.labels
    ([1, 2, 1, 0], ('null', 'b', 'a', 'other'))
    """

    name: str
    kind: Kind
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    """Every category of the reference, most frequent first."""
    lowest: float | None = None
    highest: float | None = None

    @property
    def ordered(self) -> bool:
        return self.kind in ("number", "integer", "boolean")

    @property
    def size(self) -> int:
        """How many bins, the null bin included."""
        if self.ordered:
            return len(self.edges) + 2
        return min(len(self.categories), TOP) + 2 if self.kind == "category" else 2

    @property
    def labels(self) -> tuple[str, ...]:
        if self.ordered:
            ends = ["-inf", *(f"{edge:.6g}" for edge in self.edges), "inf"]
            return ("null", *(f"({low}, {high}]" for low, high in pairwise(ends)))
        return ("null", *self.categories[:TOP], "other") if self.kind == "category" else ("null", "present")

    def codes(self, vector: Vector) -> Codes:
        """(n,) the bin of each value."""
        if vector.kind == "text":
            return np.array([value is not None for value in vector.values], dtype=np.intp)
        null = np.isnan(vector.values)
        if self.ordered:
            found = np.searchsorted(np.array(self.edges), vector.values, side="left") + 1
        elif self.kind == "category":
            found = self._ranks(vector)
        else:
            found = np.ones(len(null), dtype=np.intp)
        return np.where(null, 0, found)

    def unseen(self, vector: Vector) -> NDArray[np.bool_]:
        """(n,) where a category is one that the reference never had."""
        if self.kind != "category":
            return np.zeros(len(vector.values), dtype=np.bool_)
        known = set(self.categories)
        new = np.array([*(category not in known for category in vector.categories), True])
        return np.asarray(~np.isnan(vector.values) & new[_positions(vector)], dtype=np.bool_)

    def outside(self, vector: Vector) -> NDArray[np.bool_]:
        """(n,) where a number lies outside the range of the reference."""
        if self.lowest is None or self.highest is None:
            return np.zeros(len(vector.values), dtype=np.bool_)
        low, high = vector.values < self.lowest, vector.values > self.highest
        return np.asarray(low | high, dtype=np.bool_)

    def _ranks(self, vector: Vector) -> Codes:
        rank = {category: place + 1 for place, category in enumerate(self.categories[:TOP])}
        last = self.size - 1
        known = np.array([*(rank.get(category, last) for category in vector.categories), last], dtype=np.intp)
        return known[_positions(vector)]


def learn_bins(name: str, vector: Vector) -> Bins:
    """The bins that these rows give: quantiles for numbers (each value its own bin where there are few), the most
    frequent values for categories."""
    if vector.kind in ("number", "integer", "boolean"):
        return _numeric(name, vector)
    if vector.kind != "category":
        return Bins(name=name, kind=vector.kind)
    seen = _positions(vector)[~np.isnan(vector.values) & (vector.values >= 0)]
    often = np.bincount(seen, minlength=len(vector.categories))
    order = [place for place in np.argsort(-often, kind="stable") if often[place]]
    return Bins(name=name, kind="category", categories=tuple(vector.categories[place] for place in order))


def _numeric(name: str, vector: Vector) -> Bins:
    values: Floats = vector.values[np.isfinite(vector.values)]
    if not len(values):
        return Bins(name=name, kind=vector.kind)
    distinct = np.unique(values)
    if len(distinct) < len(LEVELS):
        edges = np.array([np.nextafter(distinct[0], -np.inf), *distinct])
    else:
        edges = np.unique(np.quantile(values, LEVELS, method="inverted_cdf"))
    ends = float(distinct[0]), float(distinct[-1])
    return Bins(name=name, kind=vector.kind, edges=tuple(edges.tolist()), lowest=ends[0], highest=ends[1])


def _positions(vector: Vector) -> Codes:
    """Category codes as positions, −1 (the last) for unseen and null alike."""
    return np.where(np.isnan(vector.values), -1, vector.values).astype(np.intp)
