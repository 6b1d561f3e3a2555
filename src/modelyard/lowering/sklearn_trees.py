"""scikit-learn's trees and forests of trees.

They cast the features to float32 and compare with a float64 threshold t. "float32(x) <= t" holds up to one float64
number t', so t' is stored and the raw x compared: the cast is folded in, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from modelyard.lowering.forest import NAN_LEFT, Forest, Tree, gather
from modelyard.scoring.instructions import Floats, reals, wholes

LARGEST = float(np.nextafter(2.0**128 - 2.0**103, 0.0))
"""The largest number that float32 rounds to a finite one; the library refuses what is larger."""


class TreeArrays(Protocol):
    """The public arrays of a fitted tree (`tree_`)."""

    children_left: NDArray[np.int64]
    children_right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: Floats
    missing_go_to_left: NDArray[np.uint8]
    value: Floats
    """(nodes, 1, classes or 1): class shares, or the mean."""


class FittedTree(Protocol):
    @property
    def tree_(self) -> TreeArrays: ...


def fold_float32(threshold: Floats) -> Floats:
    """The largest float64 t' with: x <= t' exactly when float32(x) <= t.

    float32(x) <= t means float32(x) <= f, the largest float32 not above t. x still rounds to f up to the middle
    between f and the next float32; the middle itself rounds to the even one of the two.

    >>> t = fold_float32(np.array([1.0]))[0]
    >>> bool(np.float32(t) <= 1.0), bool(np.float32(np.nextafter(t, 2.0)) <= 1.0)
    (True, False)
    """
    # Past the largest float32 everything is inf: that is meant, and no reason to warn.
    with np.errstate(over="ignore"):
        nearest = threshold.astype(np.float32)
        below = np.where(nearest.astype(np.float64) > threshold, np.nextafter(nearest, np.float32(-np.inf)), nearest)
        above = np.nextafter(below, np.float32(np.inf)).astype(np.float64)
        above = np.where(np.isinf(above), 2.0**128, above)
        middle = (below.astype(np.float64) + above) / 2
        stays = middle.astype(np.float32) == below
    return reals(np.where(stays, middle, np.nextafter(middle, -np.inf)))


def tree_of(arrays: TreeArrays) -> Tree:
    """One fitted tree. A single-output tree only: scores are class shares (k) or one number."""
    leaf = np.asarray(arrays.children_left) < 0
    rows = np.cumsum(leaf) - 1
    return Tree(
        feature=wholes(np.where(leaf, -1, arrays.feature)),
        threshold=reals(np.where(leaf, 0.0, fold_float32(np.where(leaf, 0.0, arrays.threshold)))),
        left=wholes(np.where(leaf, rows, arrays.children_left)),
        right=wholes(np.where(leaf, 0, arrays.children_right)),
        flags=np.where(leaf, 0, np.asarray(arrays.missing_go_to_left) * NAN_LEFT).astype(np.uint8),
        leaves=reals(np.asarray(arrays.value)[leaf, 0, :]),
    )


def forest_of(members: Sequence[FittedTree]) -> Forest:
    """The average of the members, as scikit-learn takes it with `n_jobs=None`: 0 + tree + tree …, then / n."""
    trees = [tree_of(member.tree_) for member in members]
    width = trees[0].leaves.shape[1]
    return gather(trees, [0] * len(trees), np.zeros(width), divide=float(len(trees)))
