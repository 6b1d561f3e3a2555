"""How the native kernel sees trees: 16-byte nodes, siblings side by side, one whole-number comparison per step.

A step of a walk is `child + (key > threshold)`, without a branch. Three foldings make that one form enough:

- A double becomes a whole number with the same order (its bits, those of negatives turned round; −0.0 as 0.0). NaN
  is put below all numbers or above them: a feature has a column of keys for each way that NaN goes in the forest.
- A category test becomes a column of its own, 0 or 1, filled for the tree about to be walked from the code and the set
  (whose last word says what unseen and NaN do). Trees with many such tests look sets up on the way instead (`careful`).
- A leaf points at itself from a column that is below everything; its threshold is its row of `leaves`.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.errors.scoring import MalformedProgram
from modelyard.scoring.forest import CATEGORY, NAN_LEFT, UNSEEN_LEFT
from modelyard.scoring.instructions import Floats, Ints, Trees

Keys = NDArray[np.int64]
Words = NDArray[np.uint32]
Nodes = NDArray[np.void]

NODE = np.dtype([("threshold", "<i8"), ("offset", "<i4"), ("child", "<i4")])
LANES = 8
EAGER = 32
"""Up to so many category tests in a tree are answered before its walk."""
MOST_WORDS = 1 << 25
LOWEST = np.iinfo(np.int64).min


class Layout(Struct, frozen=True, eq=False):
    """`trees` (t, 5): root, output, first set, sets, careful. `sets` (s, 2): offset into codes, first word in `bits`.
    `columns` (c, 2): feature, whether NaN lies above. `codes` (k, 2): feature, the code that unseen has there."""

    nodes: Nodes
    trees: Ints
    sets: Ints
    bits: Words
    columns: Ints
    codes: Ints
    derived: int
    """The most category columns that a tree needs."""


def lay_out(word: Trees) -> Layout:
    order, owner = _siblings_together(word)
    place = np.zeros(len(word.feature), dtype=np.int32)
    place[order] = np.arange(len(order))
    feature, flags = word.feature[order], word.flags[order]
    leaf = feature < 0
    sets = ~leaf & ((flags & CATEGORY) != 0)
    numbers = ~leaf & ~sets
    nodes = np.zeros(len(order), dtype=NODE)
    nodes["child"] = place[np.where(leaf, order, word.left[order])]
    nodes["threshold"] = np.where(leaf, word.left[order], np.where(sets, 0, keys(word.threshold[order])))
    pairs = np.column_stack([feature, (flags & NAN_LEFT) == 0]).astype(np.int32)
    columns, column = np.unique(pairs[numbers], axis=0, return_inverse=True)
    nodes["offset"][numbers] = (1 + column.ravel()) * LANES
    codes, code, starts, bits = _sets(word, order[sets])
    counts = np.bincount(owner[sets], minlength=len(word.roots))
    firsts = np.cumsum(counts) - counts
    careful = counts > EAGER
    nth = np.arange(len(code)) - np.repeat(firsts, counts)
    late = careful[owner[sets]]
    nodes["offset"][sets] = np.where(late, ~(code * LANES), (1 + len(columns) + nth) * LANES)
    nodes["threshold"][sets] = np.where(late, starts, 0)
    trees = np.column_stack([place[word.roots], word.outputs, firsts, counts, careful]).astype(np.int32)
    derived = int(counts[~careful].max(initial=0))
    entries = np.column_stack([code * LANES, starts]).astype(np.int32)
    return Layout(nodes, trees, entries, bits, columns, codes, derived)


def keys(values: Floats) -> Keys:
    """Whole numbers in the order of `values`; NaN as the lowest of all.

    >>> keys(np.array([-0.0, 0.0, 5e-324, -5e-324])).tolist()
    [0, 0, 1, -2]
    """
    bits = (values + 0.0).view(np.int64)
    ordered = np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits)
    return np.where(np.isnan(values), LOWEST, ordered)


def _siblings_together(word: Trees) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The nodes, tree by tree, each level by level, right beside left; and the tree of each."""
    nodes, trees = word.roots.astype(np.int64), np.arange(len(word.roots))
    orders, owners = [nodes], [trees]
    while len(nodes):
        inner = word.feature[nodes] >= 0
        nodes, trees = nodes[inner], np.repeat(trees[inner], 2)
        nodes = np.column_stack([word.left[nodes], word.right[nodes]]).ravel().astype(np.int64)
        orders.append(nodes)
        owners.append(trees)
    owner = np.concatenate(owners)
    by_tree = np.argsort(owner, kind="stable")
    return np.concatenate(orders)[by_tree], owner[by_tree]


def _sets(word: Trees, nodes: NDArray[np.int64]) -> tuple[Ints, NDArray[np.int64], NDArray[np.int64], Words]:
    """The features that categories are tested on; per test its feature's place there, and where its set starts.

    All sets of a feature get one length: the longest, and one word for unseen (bit 0) and NaN (bit 1)."""
    features, code = np.unique(word.feature[nodes], return_inverse=True)
    sizes = np.zeros(len(features), dtype=np.int64)
    np.maximum.at(sizes, code, word.bits_words[nodes])
    lengths = sizes[code] + 1
    if lengths.sum() > MOST_WORDS:
        raise MalformedProgram(f"category sets of {lengths.sum()} words")
    starts = np.cumsum(lengths) - lengths
    bits = np.empty(int(lengths.sum()), dtype=np.uint32)
    for node, start, size in zip(nodes.tolist(), starts.tolist(), sizes[code].tolist(), strict=True):
        at, words, flags = int(word.bits_at[node]), int(word.bits_words[node]), int(word.flags[node])
        unseen = (flags & UNSEEN_LEFT) != 0
        bits[start : start + words] = word.bits[at : at + words]
        bits[start + words : start + size] = 2**32 - 1 if unseen else 0
        bits[start + size] = int(unseen) | (2 if flags & NAN_LEFT else 0)
    return np.column_stack([features, sizes * 32]).astype(np.int32), code, starts, bits
