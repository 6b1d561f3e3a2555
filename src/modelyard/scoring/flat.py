"""A program laid out flat for the kernel: int32 code, a pool of doubles, tree nodes, category sets.

The layout lives in memory only; packages hold instructions. It mirrors the enums at the top of _kernel.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from modelyard.errors.scoring import MalformedProgram
from modelyard.scoring.instructions import (
    Apply,
    Arith,
    ArithConst,
    Binary,
    Bins,
    Clip,
    Const,
    Decide,
    Fill,
    Floats,
    Interp,
    IsNan,
    Linear,
    Map,
    Nearest,
    OneHot,
    Select,
    Sigmoid,
    Softmax,
    Trees,
    Unary,
)
from modelyard.scoring.layout import Layout, lay_out
from modelyard.scoring.masks import laid, mask_out, ordered
from modelyard.scoring.text_instructions import TextHash, TextMatch, TextTfidf, TextTraits
from modelyard.scoring.words import AnyInstruction

BLOCK = 64
OPS: tuple[type, ...] = (
    Const, IsNan, Fill, Apply, Arith, ArithConst, Clip, Select, Bins, Interp, Map, OneHot, Sigmoid, Linear, Trees,
    Softmax, Decide, Nearest,
)  # fmt: skip
OP = {word: number for number, word in enumerate(OPS)}
UNARY = {name: number for number, name in enumerate(get_args(Unary))}
BINARY = {name: number for number, name in enumerate(get_args(Binary))}
RULES = {"argmax": 0, "greater": 1, "at_least": 2}
Part = NDArray[Any]


class Flat:
    def __init__(self, instructions: Sequence[AnyInstruction]) -> None:
        self.code: list[int] = []
        self._reals: list[Floats] = []
        self._nodes: list[Part] = []
        self._bits: list[Part] = []
        self._trees: list[Part] = []
        self._count = 0
        self.scratch = 0
        """Bytes that a block of rows needs beside its registers."""
        for word in instructions:
            arguments = self._arguments(word)
            self.code += [3 + len(arguments), OP[type(word)], word.into, *arguments]

    def buffers(self) -> tuple[bytes, bytes, bytes, bytes, bytes, int]:
        """code, reals, nodes, bits, trees: what the kernel copies; and the bytes of its scratch."""
        code = np.array(self.code, dtype=np.int32).tobytes()
        pools = (self._reals, self._nodes, self._bits, self._trees)
        reals, nodes, bits, trees = (b"".join(part.tobytes() for part in pool) for pool in pools)
        return code, reals, nodes, bits, trees, self.scratch

    def _real(self, *values: float | Floats) -> int:
        """Put numbers into the pool, one after the other; returns where they start."""
        start = self._count
        for value in values:
            part = np.ascontiguousarray(value, dtype=np.float64).ravel()
            self._reals.append(part)
            self._count += len(part)
        return start

    def _arguments(self, word: AnyInstruction) -> list[int]:
        match word:
            case Const():
                return [self._real(word.value)]
            case IsNan() | Sigmoid():
                return [word.x]
            case Fill():
                return [word.x, self._real(word.value)]
            case Apply():
                return [word.x, UNARY[word.f]]
            case Arith():
                return [word.a, word.b, BINARY[word.f]]
            case ArithConst():
                return [word.x, self._real(word.value), BINARY[word.f], int(word.flip)]
            case Clip():
                return [word.x, self._real(word.low, word.high)]
            case Select():
                return [word.test, word.a, word.b]
            case Bins():
                return [word.x, self._real(word.edges), len(word.edges)]
            case Interp():
                return [word.x, self._real(word.xs, word.ys), len(word.xs)]
            case Map():
                return [word.x, self._real(word.table, word.missing, word.unseen), len(word.table)]
            case OneHot():
                return [word.x, word.slots]
            case Linear():
                xs = word.xs.tolist()
                return [len(xs), len(word.bias), self._real(word.weights, word.bias), *xs]
            case Trees():
                return self._forest(word)
            case Softmax():
                return [len(word.xs), *word.xs.tolist()]
            case Decide():
                return [RULES[word.rule], self._real(word.at), len(word.xs), *word.xs.tolist()]
            case Nearest():
                return self._donors(word)
            case TextTfidf() | TextHash() | TextTraits() | TextMatch():
                raise MalformedProgram("words over text run before the kernel (scoring/stage.py)")

    def _donors(self, word: Nearest) -> list[int]:
        rows, width = word.donors.shape
        self.scratch = max(self.scratch, (rows + word.count) * 8 + word.count * 4)
        return [width, rows, word.count, self._real(word.donors), self._real(word.fallback), *word.xs.tolist()]

    def _forest(self, word: Trees) -> list[int]:
        layout = lay_out(word)
        scaled = word.leaves if word.scale == 1.0 else word.leaves * word.scale
        rows = (1 + len(layout.columns) + layout.derived) * 8 + len(layout.codes) * 4
        self.scratch = max(self.scratch, BLOCK * rows)
        columns, codes = layout.columns.copy(), layout.codes.copy()
        columns[:, 0], codes[:, 0] = word.xs[columns[:, 0]], word.xs[codes[:, 0]]
        return [
            self._pooled(self._trees, layout.trees.ravel()),
            self._pooled(self._trees, layout.sets.ravel()),
            self._pooled(self._nodes, layout.nodes),
            self._pooled(self._bits, layout.bits),
            *(len(word.roots), len(word.base), word.leaves.shape[1]),
            *(self._real(word.base), self._real(scaled), self._real(word.divide)),
            *(len(columns), len(codes), layout.derived, self._masks(layout, scaled)),
            *columns.ravel().tolist(),
            *codes.ravel().tolist(),
        ]

    def _masks(self, layout: Layout, leaves: Floats) -> int:
        masks = mask_out(layout)
        if masks is None:
            return -1
        # Whole numbers among the reals: both have eight bytes, and are only copied.
        edges = self._real(masks.edges.view(np.float64))
        return self._pooled(self._trees, laid(masks, edges, self._real(ordered(masks, leaves)), BLOCK))

    def _pooled(self, pool: list[Part], part: Part) -> int:
        """Where the part starts in its pool."""
        pool.append(part)
        return sum(len(before) for before in pool[:-1])
