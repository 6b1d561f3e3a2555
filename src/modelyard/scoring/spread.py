"""How far an answer moves when its inputs do: the arithmetic under `bounds`.

An input is known up to ±e: it lies in a box around its value. Functions that rise or fall throughout (and everything
that does so in each argument) take their extremes in the box's corners, jumps included, so nothing is approximated by a
slope: sqrt at 0, floor at 3 and `<` at its other side need no case of their own.

e = +inf means "anything, NaN too". A finite e means that NaN is NaN on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from modelyard.scoring.instructions import Floats

Mask = NDArray[np.bool_]
Side = tuple[Floats, Floats]


def box(x: Floats, e: Floats) -> Side:
    """The lowest and the highest that x can be; exactly x where e is 0, else rounded outwards.

    >>> low, high = box(np.array([1.0, 1.0]), np.array([0.0, 0.5]))
    >>> bool(low[0] == high[0] == 1.0), bool(low[1] < 0.5 and high[1] > 1.5)
    (True, True)
    """
    low, high = np.nextafter(x - e, -np.inf), np.nextafter(x + e, np.inf)
    return np.where(e > 0, low, x), np.where(e > 0, high, x)


def apart(a: Floats, b: Floats) -> Floats:
    """|a − b|; 0 where both are the same, infinite or NaN; +inf where one alone is NaN.

    >>> apart(np.array([1.0, np.inf, np.nan]), np.array([3.0, np.inf, 0.0])).tolist()
    [2.0, 0.0, inf]
    """
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        gap = np.abs(a - b)
    return np.where(same, 0.0, np.where(np.isnan(gap), np.inf, gap))


def corners(f: Callable[..., Floats], y: Floats, *sides: Side) -> Floats:
    """How far f gets from y over the boxes, for an f that rises or falls throughout in each argument.

    >>> corners(np.sqrt, np.array([0.0, 2.0]), (np.array([0.0, 1.0]), np.array([1.0, 9.0]))).tolist()
    [1.0, 1.0]
    """
    return largest([apart(y, f(*corner)) for corner in product(*sides)])


def largest(arrays: Sequence[Floats]) -> Floats:
    """The largest of each place."""
    top = arrays[0]
    for array in arrays[1:]:
        top = np.maximum(top, array)
    return top


def may_be_zero(x: Floats, e: Floats) -> Mask:
    """Where a predicate may turn: 0 lies in a box that is more than a point."""
    low, high = box(x, e)
    turns: Mask = (e > 0) & ((low <= 0.0) & (high >= 0.0) | np.isinf(e))
    return turns


def between_knots(xs: Floats, ys: Floats, y: Floats, low: Floats, high: Floats) -> Floats:
    """How far the knots (xs, ys) inside each box lie from y: what corners alone do not see of a line with bends."""
    first, last = np.searchsorted(xs, low, side="left"), np.searchsorted(xs, high, side="right")
    moved = np.zeros(len(y))
    for row in np.flatnonzero(last > first).tolist():
        moved[row] = np.abs(ys[first[row] : last[row]] - y[row]).max()
    return moved
