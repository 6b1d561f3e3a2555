"""Look at the last 1, 2, 4 … 32 windows at once, against a fixed and a growing reference.

Short blocks find a broken feed today, long ones a slow drift. The growing reference (all windows before the block)
makes the error of a small reference vanish; the fixed one stays beside it because a growing one absorbs slow drift.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from modelyard.measure.checks import CHECKS, Layout, z_scores
from modelyard.measure.spread import Spread
from modelyard.rows.table import Floats

SCALES = (1, 2, 4, 8, 16, 32)
CELLS = 100_000
"""Counts that are checked at once: what is made of them on the way stays near the processor."""


class Found(Struct, frozen=True):
    """The largest z of one evaluation: where it lies, and its block (`x`) against its reference (`r`)."""

    z: float
    column: int
    check: int
    scale: int
    growing: bool
    x: Floats
    r: Floats


def blocks(windows: Floats, history: Floats) -> Iterator[tuple[int, bool, Floats, Floats]]:
    """(scale, growing, block, its reference without the training rows) at the last window. `windows`: (t, columns,
    WIDTH) the last ones, oldest first; `history`: the sum of all windows before those."""
    for scale in SCALES:
        if scale <= len(windows):
            block = windows[-scale:].sum(0)
            yield scale, False, block, np.zeros_like(history)
            yield scale, True, block, history + windows[:-scale].sum(0)


def look(windows: Floats, history: Floats, r: Floats, layout: Layout, spread: Spread, easy: Floats) -> list[Found]:
    """The largest z of every column at the last window, in the columns' order. `easy` (columns, checks) is what each
    check is divided by."""
    best: list[Found | None] = [None] * len(r)
    for scale, growing, x, before in blocks(windows, history):
        if (x.sum(-1) <= 0).any():
            continue
        z = z_scores(x, r + before, layout, spread) / easy
        for column, check in enumerate(z.argmax(-1)):
            value, held = float(z[column, check]), best[column]
            if held is None or value > held.z:
                best[column] = Found(value, column, int(check), scale, growing, x[column], (r + before)[column])
    return [found for found in best if found is not None]


def maxima(windows: Floats, r: Floats, layout: Layout, spread: Spread) -> Floats:
    """(columns, checks) the largest z that a whole stream of windows (t, columns, WIDTH) reaches against r."""
    total = np.concatenate([np.zeros((1, *r.shape)), np.cumsum(windows, axis=0)])
    best = np.full((len(r), len(CHECKS)), -np.inf)
    for scale in (scale for scale in SCALES if scale <= len(windows)):
        for start in range(0, len(total) - scale, step := max(1, CELLS // r.size)):
            before = total[start : min(start + step, len(total) - scale)]
            x = total[start + scale : start + scale + len(before)] - before
            fixed, grown = (
                z_scores(x, np.broadcast_to(r, x.shape), layout, spread),
                z_scores(x, r + before, layout, spread),
            )
            best = np.maximum(best, np.maximum(fixed, grown).max(0))
    return best
