"""scikit-learn's HistGradientBoosting.

All of its state is private, so what is read is looked at first: the scikit-learn minor and the fields of a node must be
those that this file was written against, or it refuses. It compares raw float64 numbers, so thresholds are kept as they
are; category columns are moved to the front, with codes as ranks among the categories of the training rows, and a
code that training did not have is treated as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelyard.errors.learning import CannotWriteDown
from modelyard.lowering.forest import CATEGORY, NAN_LEFT, UNSEEN_LEFT, Forest, Tree, gather
from modelyard.scoring.instructions import Floats, reals, wholes

MINOR = "1.9"
NODE = ("value", "count", "feature_idx", "num_threshold", "missing_go_to_left", "left", "right", "gain", "depth",
        "is_leaf", "bin_threshold", "is_categorical", "bitset_idx")  # fmt: skip
"""The fields of a node in that minor."""


class Predictor(Protocol):
    nodes: NDArray[Any]
    raw_left_cat_bitsets: NDArray[np.uint32]


class FittedBoosting(Protocol):
    _predictors: Sequence[Sequence[Predictor]]
    _baseline_prediction: Floats
    is_categorical_: NDArray[np.bool_] | None


def boosting_of(model: FittedBoosting, version: str) -> Forest:
    """One output per class (one in binary and regression): the baseline, then the trees round by round.

    `version` is scikit-learn's. Category columns must hold ranks 0..c−1 (or NaN), as `ranks` makes them."""
    rounds = model._predictors
    _known_layout(rounds, version)
    order = _order(model.is_categorical_)
    trees = [_tree(predictor, order) for members in rounds for predictor in members]
    width = len(rounds[0])
    return gather(trees, [place % width for place in range(len(trees))], np.ravel(model._baseline_prediction))


def ranks(codes: Floats, at_most: int) -> Floats:
    """A table from code to rank among the `at_most` most frequent codes, NaN for the others: the library takes 255
    categories at most, and treats those it does not know as missing.

    >>> ranks(np.array([0.0, 2.0, 2.0, 3.0, 3.0, np.nan, -1.0]), 2).tolist()
    [nan, nan, 0.0, 1.0]
    """
    known = codes[codes >= 0].astype(np.intp)
    counts = np.bincount(known)
    kept = np.sort(np.argsort(-counts, kind="stable")[: min(at_most, np.count_nonzero(counts))])
    table = np.full(len(counts), np.nan)
    table[kept] = np.arange(len(kept))
    return table


def _known_layout(rounds: Sequence[Sequence[Predictor]], version: str) -> None:
    if version.rpartition(".")[0] != MINOR:
        raise CannotWriteDown(f"HistGradientBoosting of scikit-learn {version}, known is {MINOR}", who="scikit-learn")
    names = rounds[0][0].nodes.dtype.names if rounds else None
    if names != NODE:
        raise CannotWriteDown(f"HistGradientBoosting's nodes have the fields {names}", who="scikit-learn")


def _order(categorical: NDArray[np.bool_] | None) -> NDArray[np.int64] | None:
    """Which of our columns the library's feature i is: category columns first."""
    if categorical is None:
        return None
    return np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])


def _tree(predictor: Predictor, order: NDArray[np.int64] | None) -> Tree:
    nodes = predictor.nodes
    leaf, category = nodes["is_leaf"] != 0, nodes["is_categorical"] != 0
    feature = nodes["feature_idx"] if order is None else order[np.where(leaf, 0, nodes["feature_idx"])]
    missing = np.where(nodes["missing_go_to_left"] != 0, NAN_LEFT + category * UNSEEN_LEFT, 0)
    return Tree(
        feature=wholes(np.where(leaf, -1, feature)),
        threshold=reals(np.where(leaf | category, 0.0, nodes["num_threshold"])),
        left=wholes(np.where(leaf, np.cumsum(leaf) - 1, nodes["left"])),
        right=wholes(np.where(leaf, 0, nodes["right"])),
        flags=np.where(leaf, 0, missing + category * CATEGORY).astype(np.uint8),
        leaves=reals(nodes["value"][leaf]).reshape(-1, 1),
        sets={
            int(node): predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
            for node in np.flatnonzero(category & ~leaf)
        },
    )
