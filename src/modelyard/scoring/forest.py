"""Trees in numpy: all rows walk one tree together, tree after tree, so that each row's sum keeps the trees' order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelyard.scoring.instructions import Floats, Trees

NAN_LEFT, CATEGORY, UNSEEN_LEFT = 1, 2, 4


def sum_trees(word: Trees, features: Sequence[Floats], length: int) -> list[Floats]:
    """One array per output: base, plus scale·leaf tree by tree, divided at the end."""
    rows = np.column_stack(features) if features else np.empty((length, 0))
    totals = [np.full(length, base) for base in word.base.tolist()]
    for tree, root in enumerate(word.roots.tolist()):
        leaves = word.leaves[leaf_of(word, root, rows)]
        outputs = [int(word.outputs[tree])] if word.leaves.shape[1] == 1 else range(len(totals))
        for column, output in enumerate(outputs):
            leaf = leaves[:, column]
            totals[output] = totals[output] + (leaf if word.scale == 1.0 else leaf * word.scale)
    return totals if word.divide == 1.0 else [total / word.divide for total in totals]


def leaf_of(word: Trees, root: int, rows: Floats) -> NDArray[np.intp]:
    """The row of `leaves` that each row of `rows` (n, features) ends in."""
    node = np.full(len(rows), root, dtype=np.intp)
    walking = np.flatnonzero(word.feature[node] >= 0)
    while len(walking):
        at = node[walking]
        x = rows[walking, word.feature[at]]
        node[walking] = np.where(goes_left(word, at, x), word.left[at], word.right[at])
        walking = walking[word.feature[node[walking]] >= 0]
    return word.left[node].astype(np.intp)


def goes_left(word: Trees, at: NDArray[np.intp], x: Floats) -> NDArray[np.bool_]:
    flags = word.flags[at]
    left = x <= word.threshold[at]
    category = (flags & CATEGORY) != 0
    if category.any():
        left = np.where(category, _in_set(word, at, x, flags), left)
    chosen: NDArray[np.bool_] = np.where(np.isnan(x), (flags & NAN_LEFT) != 0, left)
    return chosen


def _in_set(word: Trees, at: NDArray[np.intp], x: Floats, flags: NDArray[np.uint8]) -> NDArray[np.bool_]:
    # A fraction is cut off, so −0.5 is code 0: outside are codes of −1 and below.
    whole = np.trunc(x)
    inside = (whole >= 0) & (whole < word.bits_words[at] * 32.0)
    held = np.where(inside, whole, 0.0).astype(np.int64)
    bits = word.bits if len(word.bits) else np.zeros(1, np.uint32)
    words = bits[np.where(inside, word.bits_at[at] + held // 32, 0)]
    member = (words >> (held % 32).astype(np.uint32)) & np.uint32(1)
    chosen: NDArray[np.bool_] = np.where(inside, member != 0, (flags & UNSEEN_LEFT) != 0)
    return chosen
