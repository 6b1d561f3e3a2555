"""scikit-learn's isolation forest: a sum of leaf depths over trees, and the depth at which its answer turns.

The library asks whether 2^(−depth/c) is above a limit. That falls as depth grows, so it turns at one depth, which is
found once, to the bit, when learning; the program only compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from modelyard.lowering.forest import Forest, gather
from modelyard.lowering.sklearn_trees import LARGEST, tree_of
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import ArithConst, Floats, reals

EULER = float(np.euler_gamma)


class Isolation(Struct, frozen=True, eq=False):
    """The forest whose sum is a row's depth, and the least depth of a row that is no outlier."""

    forest: Forest
    depth: float

    def emit(self, program: ProgramBuilder, xs: Sequence[int]) -> int:
        """The register that is 1 for an outlier, else 0."""
        (depth,) = self.forest.emit(program, xs)
        return program.add(ArithConst(f="lt", x=depth, value=self.depth))


def isolate(X: Floats, trees: int, share: float, seed: int) -> tuple[Isolation, Callable[[Floats], Floats]]:
    """Learn from (n, k); and the library's own flags (n,) of rows (m, k)."""
    from sklearn.ensemble import IsolationForest

    fitted = IsolationForest(n_estimators=trees, contamination=share, random_state=seed).fit(_within_float32(X))
    return isolation_of(fitted), lambda rows: (fitted.predict(_within_float32(rows)) < 0).astype(np.float64)


def _within_float32(X: Floats) -> Floats:
    """Beyond the largest float32 no threshold lies, so the largest stands for what is larger."""
    return np.clip(X, -LARGEST, LARGEST)


def path_length(rows: Floats) -> Floats:
    """Mean depth of an unsuccessful search in a binary tree over so many rows (Liu, Ting and Zhou, 2008, eq. 1).

    >>> path_length(np.array([1.0, 2.0])).tolist()
    [0.0, 1.0]
    """
    more = np.maximum(rows, 3.0)
    mean = 2.0 * (np.log(more - 1.0) + EULER) - 2.0 * (more - 1.0) / more
    return reals(np.where(rows <= 1, 0.0, np.where(rows <= 2, 1.0, mean)))


def isolation_of(fitted: Any) -> Isolation:
    """A leaf holds nodes on its path + the mean path below it − 1, in the library's order of operations."""
    grown = [_deep(member.tree_) for member in fitted.estimators_]
    forest = gather(grown, [0] * len(grown), np.zeros(1))
    scale = len(grown) * path_length(np.array([float(fitted.max_samples_)]))
    return Isolation(forest, _turn(scale, float(fitted.offset_), len(grown)))


def _deep(arrays: Any) -> Any:
    leaf = np.asarray(arrays.children_left) < 0
    on_path = _levels(arrays.children_left, arrays.children_right) + 1.0
    below = path_length(np.asarray(arrays.n_node_samples, dtype=np.float64))
    return replace(tree_of(arrays), leaves=reals((on_path + below - 1.0)[leaf].reshape(-1, 1)))


def _levels(left: Sequence[int], right: Sequence[int]) -> Floats:
    """Edges from the root to each node; children lie after their parent."""
    levels = np.zeros(len(left))
    for node, (first, second) in enumerate(zip(left, right, strict=True)):
        if first >= 0:
            levels[[first, second]] = levels[node] + 1.0
    return levels


def _turn(scale: Floats, offset: float, trees: int) -> float:
    """The least depth whose score is not below the offset, by halving the floats between 0 and deeper than any."""

    def inside(depth: float) -> bool:
        share = np.divide(np.array([depth]), scale, out=np.ones(1), where=scale != 0)
        return bool((-(2.0 ** (-share)) - offset >= 0)[0])

    return _least(inside, float(trees) * 4096.0)


def _least(test: Callable[[float], bool], top: float) -> float:
    """The least float ≥ 0 that passes a test which fails below it and holds from it on; infinity when none up to
    `top` does. Floats ≥ 0 are ordered as their bits are, so bits are halved."""
    low, high = 0, int(np.float64(top).view(np.int64))
    if test(0.0):
        return 0.0
    if not test(top):
        return float("inf")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if test(float(np.int64(middle).view(np.float64))) else (middle, high)
    return float(np.int64(high).view(np.float64))
