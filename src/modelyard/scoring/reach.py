"""Which leaves a row can end in when its features are known up to ±e: the trees' part of `bounds`.

A row whose box touches no threshold ends in its leaf and moves by nothing. A row that straddles one walks both ways,
and may move by as much as the leaves that it reaches lie apart, tree by tree: a real number, so that the proof still
says something about rows on a split.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelyard.scoring.forest import CATEGORY, goes_left, leaf_of
from modelyard.scoring.instructions import Floats, Trees
from modelyard.scoring.spread import box

ROUNDING = 2.0**-53
Places = NDArray[np.intp]


def trees_move(word: Trees, features: Sequence[Floats], errors: Sequence[Floats]) -> list[Floats]:
    """Per output: how far the sum may lie from the one that was computed, (n,) each."""
    x, e = np.column_stack(features), np.column_stack(errors)
    rows = np.flatnonzero(e.any(axis=1))
    x, e = x[rows], e[rows]
    moved, size = np.zeros((len(rows), word.width)), np.zeros((len(rows), word.width)) + np.abs(word.base)
    for tree, root in enumerate(word.roots.tolist()):
        at = slice(None) if word.leaves.shape[1] > 1 else slice(int(word.outputs[tree]), int(word.outputs[tree]) + 1)
        low, high = leaf_span(word, root, x, e)
        here = word.leaves[leaf_of(word, root, x)]
        moved[:, at] += np.maximum(high - here, here - low) * abs(word.scale)
        size[:, at] += np.maximum(np.abs(high), np.abs(low)) * abs(word.scale)
    # Other leaves round otherwise as they are added: half an ulp of the largest sum for each addition, both ways.
    adding = np.where(moved > 0, 2.0 * (len(word.roots) + 1) * ROUNDING * size, 0.0)
    out = np.zeros((len(features[0]), word.width))
    out[rows] = (moved + adding) / abs(word.divide)
    return list(out.T)


def leaf_span(word: Trees, root: int, x: Floats, e: Floats) -> tuple[Floats, Floats]:
    """The lowest and the highest leaf that each row (n, features) can reach, (n, k) each."""
    low, high = np.full((len(x), word.leaves.shape[1]), np.inf), np.full((len(x), word.leaves.shape[1]), -np.inf)
    row, node = np.arange(len(x)), np.full(len(x), root, dtype=np.intp)
    while len(row):
        ended = word.feature[node] < 0
        leaves = word.leaves[word.left[node[ended]]]
        np.minimum.at(low, row[ended], leaves)
        np.maximum.at(high, row[ended], leaves)
        row, node = row[~ended], node[~ended]
        left, right = _ways(word, node, x[row, word.feature[node]], e[row, word.feature[node]])
        row, node = (
            np.concatenate([row[left], row[right]]),
            np.concatenate([word.left[node[left]], word.right[node[right]]]),
        )
    return low, high


def _ways(word: Trees, node: Places, x: Floats, e: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the left child and the right child can be reached."""
    lowest, highest = box(x, e)
    some, other = goes_left(word, node, lowest), goes_left(word, node, highest)
    anywhere = np.isinf(e) | ((e > 0) & ((word.flags[node] & CATEGORY) != 0))
    return some | other | anywhere, ~some | ~other | anywhere
