"""Trees of few leaves as bit masks: every test of a tree is made for many rows side by side, and no row walks.

A test that a row fails rules out the leaves to its left: one bit each, in the order the leaves stand in. What is left
when all tests are made begins with the leaf that a walk ends in. (Lucchese and others: QuickScorer, SIGIR 2015; there
the tests lie feature by feature, here tree by tree, so that a row's leaves are added in the trees' order.)

Thresholds become their places among the forest's thresholds of that column, so that numbers of 32 bits are compared.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.scoring.instructions import Floats, Ints
from modelyard.scoring.layout import LANES, Keys, Layout, Nodes

Places = NDArray[np.int64]
BITS = 32
MOST_WORDS = 4
"""Trees of more leaves are walked. A walk makes few of a tree's tests, a mask all of them: with 31 leaves a mask takes
half the time, with 255 as much, and without wide vectors the two meet sooner."""


class Masks(Struct, frozen=True, eq=False):
    """`tests` (m, 3): column, how many of its edges must lie below a row for it to fail, the leaves that stay then."""

    words: int
    edges: Keys
    """Per column its thresholds, ascending, filled up with the largest number to one less than a power of two."""
    columns: Ints
    """(columns, 2): where its edges start, and how many they are. Category columns have none."""
    tests: Ints
    ends: Ints
    """(trees · words + 1): where the tests of each tree and word start."""
    firsts: Ints
    """Per tree: where its leaves start."""
    leaves: Ints
    """The row of the forest's leaves of each leaf, from left to right, tree by tree."""


def mask_out(layout: Layout) -> Masks | None:
    """None where some tree has too many leaves, or categories looked up on the way."""
    nodes, roots = layout.nodes, layout.trees[:, 0].astype(np.int64)
    inner = nodes["child"] != np.arange(len(nodes))
    levels = _levels(nodes, inner, roots)
    counts = _leaf_counts(nodes, inner, levels)
    if layout.trees[:, 4].any() or counts[roots].max(initial=0) > BITS * MOST_WORDS:
        return None
    firsts = np.cumsum(counts[roots]) - counts[roots]
    starts, trees = _starts(nodes, inner, levels, counts, roots)
    at = np.flatnonzero(inner)
    column = nodes["offset"][at] // LANES - 1
    columns, edges, needed = _edges(layout, at, column)
    words = max(1, -(-int(counts[roots].max(initial=1)) // BITS))
    tests, ends = _tests(column, needed, starts[at], counts[nodes["child"][at]], trees[at], len(roots), words)
    leaf = np.flatnonzero(~inner)
    leaves = np.empty(len(leaf), dtype=np.int32)
    leaves[firsts[trees[leaf]] + starts[leaf]] = nodes["threshold"][leaf]
    return Masks(words, edges, columns, tests, ends, firsts.astype(np.int32), leaves)


def _levels(nodes: Nodes, inner: NDArray[np.bool_], roots: Places) -> list[Places]:
    levels = [roots]
    while len(levels[-1]):
        child = nodes["child"][levels[-1][inner[levels[-1]]]].astype(np.int64)
        levels.append(np.concatenate([child, child + 1]))
    return levels


def _leaf_counts(nodes: Nodes, inner: NDArray[np.bool_], levels: list[Places]) -> Places:
    counts = np.ones(len(nodes), dtype=np.int64)
    for level in reversed(levels):
        parents = level[inner[level]]
        child = nodes["child"][parents]
        counts[parents] = counts[child] + counts[child + 1]
    return counts


def _starts(
    nodes: Nodes, inner: NDArray[np.bool_], levels: list[Places], counts: Places, roots: Places
) -> tuple[Places, Places]:
    """Per node: how many leaves of its tree stand before its own, and its tree."""
    starts, trees = np.zeros(len(nodes), dtype=np.int64), np.zeros(len(nodes), dtype=np.int64)
    trees[roots] = np.arange(len(roots))
    for level in levels:
        parents = level[inner[level]]
        child = nodes["child"][parents]
        starts[child], starts[child + 1] = starts[parents], starts[parents] + counts[child]
        trees[child] = trees[child + 1] = trees[parents]
    return starts, trees


def _edges(layout: Layout, at: Places, column: Ints) -> tuple[Ints, Keys, Places]:
    """Columns and edges of Masks; per test the number of edges that a row above its threshold has below it."""
    needed = np.ones(len(at), dtype=np.int64)
    columns, edges = np.zeros((len(layout.columns), 2), dtype=np.int32), [np.empty(0, dtype=np.int64)]
    order, start = np.argsort(column, kind="stable"), 0
    ends = np.searchsorted(column[order], np.arange(len(layout.columns) + 1))
    for number in range(len(layout.columns)):
        if ends[number] == ends[number + 1]:  # most of a wide table
            columns[number] = start, 0
            continue
        mine = order[ends[number] : ends[number + 1]]
        distinct, place = np.unique(layout.nodes["threshold"][at[mine]], return_inverse=True)
        needed[mine] = place.ravel() + 1
        size = (1 << len(distinct).bit_length()) - 1
        columns[number] = start, size
        edges.append(np.pad(distinct, (0, size - len(distinct)), constant_values=np.iinfo(np.int64).max))
        start += size
    return columns, np.concatenate(edges), needed


def _tests(
    column: Ints, needed: Places, start: Places, width: Places, tree: Places, trees: int, words: int
) -> tuple[Ints, Ints]:
    """A test stands once for each word that it can rule out leaves of: [start, start + width) lie to its left."""
    parts, owners = [np.empty((0, 3), dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for word in range(words):
        low = np.clip(start - word * BITS, 0, BITS)
        high = np.clip(start + width - word * BITS, 0, BITS)
        some = high > low
        stays = ~(_ones(high[some]) ^ _ones(low[some]))
        parts.append(np.column_stack([column[some], needed[some], stays]))
        owners.append(tree[some] * words + word)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    ends = np.searchsorted(owner[order], np.arange(trees * words + 1))
    tests = np.concatenate(parts)[order]
    return (tests & 0xFFFFFFFF).astype(np.uint32).view(np.int32), ends.astype(np.int32)


def _ones(count: Places) -> Places:
    """That many low bits."""
    return (np.int64(1) << count) - 1


def laid(masks: Masks, edges: int, leaves: int, block: int) -> Ints:
    """One row of int32, as the kernel reads it: `edges` and `leaves` say where these lie among the reals."""
    tests = masks.tests.copy()
    tests[:, 0] *= block
    columns = masks.columns + np.array([edges, 0], dtype=np.int32)
    parts = (columns, masks.firsts, masks.ends, tests)
    return np.concatenate([np.array([masks.words, leaves], dtype=np.int32), *(part.ravel() for part in parts)])


def ordered(masks: Masks, leaves: Floats) -> Floats:
    return leaves[masks.leaves]
