"""Rows that are copies of one another, within a table or across a split, and rows out of their order in time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from modelyard.rows.table import Floats, Vector

Digests = NDArray[np.uint64]
_NULL = np.uint64(0x9E3779B97F4A7C15)


def row_digests(vectors: Iterable[Vector], length: int) -> Digests:
    """(n,) 64 bits of each row: equal rows have equal ones, and two different rows of a million have the same with a
    chance below 1e-7. Null equals null, −0 equals 0.

    >>> first, second, third = row_digests([Vector("number", np.array([1.0, 2.0, 1.0]))], 3).tolist()
    >>> first == third, first == second
    (True, False)
    """
    out = np.zeros(length, dtype=np.uint64)
    for vector in vectors:
        out = _mixed(out ^ (_bits(vector) + _NULL))
    return out


def repeated(digests: Digests) -> NDArray[np.bool_]:
    """(n,) where a row is the copy of an earlier one."""
    _, first = np.unique(digests, return_index=True)
    out = np.ones(len(digests), dtype=np.bool_)
    out[first] = False
    return out


def across(digests: Digests, train: NDArray[np.intp], test: NDArray[np.intp]) -> int:
    """How many test rows are copies of training rows."""
    return int(np.isin(digests[test], digests[train]).sum())


def steps_back(time: Floats) -> tuple[int, int]:
    """(how many rows are earlier than the row before them, the position of the first one or −1). NaN is passed over.

    >>> steps_back(np.array([1.0, 2.0, 2.0, 1.5, 3.0]))
    (1, 3)
    """
    known = np.flatnonzero(~np.isnan(time))
    back = np.flatnonzero(np.diff(time[known]) < 0)
    return len(back), int(known[back[0] + 1]) if len(back) else -1


def _bits(vector: Vector) -> Digests:
    if vector.kind == "text":
        _, codes = np.unique(np.array([f"1{v}" if v is not None else "0" for v in vector.values]), return_inverse=True)
        return np.asarray(codes, dtype=np.uint64)
    values = vector.values + 0.0
    return np.where(np.isnan(values), _NULL, values.view(np.uint64))


def _mixed(x: Digests) -> Digests:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of x reaches every bit of the answer."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))
