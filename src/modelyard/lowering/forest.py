"""A sum over trees as flat arrays: what every tree family is written down as.

One comparison serves all of them: x <= threshold on the raw float64, a bit for NaN, a bit set for categories. What a
library does before it compares (casting to float32, squashing tiny numbers) is folded into the threshold beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict
from numpy.typing import NDArray

from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Floats, Ints, Trees, reals, wholes

NAN_LEFT, CATEGORY, UNSEEN_LEFT = 1, 2, 4
"""Bits of `flags`."""
Words = NDArray[np.uint32]


class Tree(Struct, frozen=True, kw_only=True, eq=False):
    """One tree: node 0 is the root, children lie after their parent. A leaf has feature −1 and in `left` its row of
    `leaves` (rows, k). `sets`: node -> 32-bit words of the category codes that go left."""

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    flags: NDArray[np.uint8]
    leaves: Floats
    sets: Mapping[int, Words] = {}


class Forest(Struct, frozen=True, kw_only=True, eq=False):
    """All trees in one set of arrays; the fields are those of `scoring.instructions.Trees`."""

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    flags: NDArray[np.uint8]
    bits: NDArray[np.uint32]
    bits_at: Ints
    bits_words: Ints
    roots: Ints
    outputs: Ints
    leaves: Floats
    base: Floats
    divide: float = 1.0

    def emit(self, program: ProgramBuilder, xs: Sequence[int]) -> tuple[int, ...]:
        """The registers of the outputs, reading feature j from register xs[j]."""
        first = program.add(Trees(xs=wholes(xs), **asdict(self)))
        return tuple(range(first, first + len(self.base)))


def gather(trees: Sequence[Tree], outputs: Sequence[int], base: Floats, divide: float = 1.0) -> Forest:
    """The trees one after another. `outputs[t]` is the output that tree t adds to (all 0 where leaves are as wide as
    `base`); `base` (outputs,) is where each sum starts; `divide` ends it."""
    sizes = [len(tree.feature) for tree in trees]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    rows = np.concatenate([[0], np.cumsum([len(tree.leaves) for tree in trees])[:-1]])
    bits, bits_at, bits_words = _sets(trees, starts, sum(sizes))
    shifted = [_shift(t, int(start), int(row)) for t, start, row in zip(trees, starts, rows, strict=True)]
    return Forest(
        feature=wholes(np.concatenate([tree.feature for tree in trees])),
        threshold=reals(np.concatenate([tree.threshold for tree in trees])),
        left=wholes(np.concatenate([left for left, _ in shifted])),
        right=wholes(np.concatenate([right for _, right in shifted])),
        flags=np.ascontiguousarray(np.concatenate([tree.flags for tree in trees]), dtype=np.uint8),
        bits=bits,
        bits_at=bits_at,
        bits_words=bits_words,
        roots=starts,
        outputs=wholes(outputs),
        leaves=reals(np.concatenate([tree.leaves for tree in trees])),
        base=reals(base),
        divide=divide,
    )


def _shift(tree: Tree, start: int, row: int) -> tuple[Ints, Ints]:
    leaf = tree.feature < 0
    return wholes(tree.left + np.where(leaf, row, start)), wholes(np.where(leaf, 0, tree.right + start))


def _sets(trees: Sequence[Tree], starts: Ints, nodes: int) -> tuple[Words, Ints, Ints]:
    at, count = np.zeros(nodes, dtype=np.int32), np.zeros(nodes, dtype=np.int32)
    words: list[Words] = []
    used = 0
    for tree, start in zip(trees, starts, strict=True):
        for node, found in tree.sets.items():
            at[start + node], count[start + node] = used, len(found)
            words.append(found)
            used += len(found)
    bits = np.concatenate(words) if words else np.zeros(0)
    return np.ascontiguousarray(bits, dtype=np.uint32), at, count
