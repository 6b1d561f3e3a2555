"""LightGBM's own model text (`Booster.model_to_string()`), a documented format, as a forest.

What LightGBM does before it compares is folded into the arrays: |x| <= 1e-35 counts as 0, and NaN goes by the split's
missing type: None: as 0; NaN: to the default side; Zero: 0 and NaN both to the default side, for which the feature is
read through a filter that turns such zeros into NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.errors.learning import CannotWriteDown
from modelyard.lowering.forest import CATEGORY, NAN_LEFT, Forest, Tree, gather
from modelyard.lowering.links import Link
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Arith, ArithConst, Const, Floats, Ints, Select, reals, wholes

ZERO = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold."""
MISSING_ZERO, MISSING_NAN = 1, 2
LINKS: Mapping[str, Link] = {
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), "identity"),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
}
"""Objectives of regressions."""


class Boosted(Struct, frozen=True, kw_only=True, eq=False):
    """A parsed model: its forest (one output per class; one in binary and regression) and its link."""

    forest: Forest
    objective: str
    slope: float = 1.0
    """`sigmoid` of a binary objective."""
    link: Link = "identity"
    zero_is_missing: tuple[int, ...] = ()
    """Features whose zeros count as missing."""

    def emit(self, program: ProgramBuilder, columns: Sequence[str]) -> tuple[int, ...]:
        """The registers of the raw scores."""
        xs = [program.register(name) for name in columns]
        for feature in self.zero_is_missing:
            xs[feature] = _zeros_to_nan(program, xs[feature])
        return self.forest.emit(program, xs)


def parse(text: str) -> Boosted:
    """The model in the text. Linear leaves and objectives outside the families of `model.lightgbm` are refused."""
    head, *blocks = text.split("\nTree=")
    header = _pairs(head)
    name, *settings = header.get("objective", "none").split()
    options = dict(setting.split(":") for setting in settings if ":" in setting)
    if name not in (*LINKS, "binary", "multiclass"):
        raise CannotWriteDown(f"LightGBM's objective {name!r} has no written form here", who="lightgbm")
    trees = [_pairs(block.split("\nend of trees")[0]) for block in blocks]
    width = int(header["num_tree_per_iteration"])
    parsed = [_tree(tree) for tree in trees]
    outputs = [place % width for place in range(len(trees))]
    averaged = len(trees) / width if any(line == "average_output" for line in head.splitlines()) else 1.0
    return Boosted(
        forest=gather(parsed, outputs, np.zeros(width), divide=averaged),
        objective=name,
        slope=float(options.get("sigmoid", 1.0)),
        link="signed_square" if "sqrt" in settings else LINKS.get(name, "identity"),
        zero_is_missing=tuple(sorted({feature for tree in trees for feature in _zero_is_missing(tree)})),
    )


def fold_zero(threshold: Floats) -> Floats:
    """t' with: x <= t' exactly when (0 if |x| <= 1e-35 else x) <= t.

    >>> fold_zero(np.array([0.0, 2.0])).tolist() == [ZERO, 2.0]
    True
    """
    folded = np.where((threshold >= 0) & (threshold < ZERO), ZERO, threshold)
    return reals(np.where((threshold < 0) & (threshold >= -ZERO), np.nextafter(-ZERO, -np.inf), folded))


def _pairs(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _reals(tree: Mapping[str, str], key: str) -> Floats:
    return reals([float(word) for word in tree.get(key, "").split()])


def _wholes(tree: Mapping[str, str], key: str) -> NDArray[np.int64]:
    return np.array([int(word) for word in tree.get(key, "").split()], dtype=np.int64)


def _tree(tree: Mapping[str, str]) -> Tree:
    """Inner nodes first, then the leaves: LightGBM writes leaf i as child −1 − i, which becomes node `inner + i`."""
    if tree.get("is_linear", "0") != "0":
        raise CannotWriteDown("LightGBM's linear leaves (`linear_tree`) have no written form here", who="lightgbm")
    leaves = _reals(tree, "leaf_value")
    inner = len(leaves) - 1
    kind = _wholes(tree, "decision_type")[:inner]
    threshold = _reals(tree, "threshold")[:inner]
    below = np.full(len(leaves), -1)
    return Tree(
        feature=wholes(np.concatenate([_wholes(tree, "split_feature")[:inner], below])),
        threshold=np.concatenate([np.where(kind & 1, 0.0, fold_zero(threshold)), np.zeros(len(leaves))]),
        left=wholes(np.concatenate([_child(tree, "left_child", inner), np.arange(len(leaves))])),
        right=wholes(np.concatenate([_child(tree, "right_child", inner), np.zeros(len(leaves))])),
        flags=np.concatenate([_flags(kind, threshold), np.zeros(len(leaves), dtype=np.uint8)]),
        leaves=leaves.reshape(-1, 1),
        sets=dict(_sets(tree, kind, threshold)),
    )


def _child(tree: Mapping[str, str], key: str, inner: int) -> Ints:
    child = _wholes(tree, key)[:inner]
    return wholes(np.where(child < 0, inner - 1 - child, child))


def _flags(kind: NDArray[np.int64], threshold: Floats) -> NDArray[np.uint8]:
    """A category test sends NaN and unseen codes right, always."""
    default_left, missing = (kind & 2) != 0, kind >> 2 & 3
    nan_left = np.where(missing == 0, threshold >= 0, default_left)
    return np.where(kind & 1, CATEGORY, np.where(nan_left, NAN_LEFT, 0)).astype(np.uint8)


def _sets(
    tree: Mapping[str, str], kind: NDArray[np.int64], threshold: Floats
) -> Iterator[tuple[int, NDArray[np.uint32]]]:
    bounds, words = _wholes(tree, "cat_boundaries"), _wholes(tree, "cat_threshold").astype(np.uint32)
    for node in np.flatnonzero(kind & 1):
        place = int(threshold[node])
        yield int(node), words[bounds[place] : bounds[place + 1]]


def _zero_is_missing(tree: Mapping[str, str]) -> set[int]:
    kind, feature = _wholes(tree, "decision_type"), _wholes(tree, "split_feature")
    found = (kind & 1 == 0) & ((kind >> 2 & 3) == MISSING_ZERO)
    return {int(place) for place in feature[found]} if len(kind) else set()


def _zeros_to_nan(program: ProgramBuilder, x: int) -> int:
    """x, with NaN where |x| <= 1e-35: only values on either side of that pass the test."""
    above = program.add(ArithConst(into=program.next, f="gt", x=x, value=ZERO))
    below = program.add(ArithConst(into=program.next, f="lt", x=x, value=-ZERO))
    passes = program.add(Arith(into=program.next, f="or", a=above, b=below))
    nothing = program.add(Const(into=program.next, value=float("nan")))
    return program.add(Select(into=program.next, test=passes, a=x, b=nothing))
