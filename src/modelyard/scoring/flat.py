"""A program laid out flat for the kernel: int32 code, a pool of doubles, tree nodes, category sets.

The layout lives in memory only; packages hold instructions. It mirrors the enums at the top of _kernel.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from modelyard.scoring.forest import CATEGORY
from modelyard.scoring.instructions import (
    AnyInstruction,
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
    OneHot,
    Select,
    Sigmoid,
    Softmax,
    Trees,
    Unary,
)

BLOCK = 64
OPS: tuple[type, ...] = (
    Const, IsNan, Fill, Apply, Arith, ArithConst, Clip, Select, Bins, Interp, Map, OneHot, Sigmoid, Linear, Trees,
    Softmax, Decide,
)  # fmt: skip
OP = {word: number for number, word in enumerate(OPS)}
UNARY = {name: number for number, name in enumerate(get_args(Unary))}
BINARY = {name: number for number, name in enumerate(get_args(Binary))}
RULES = {"argmax": 0, "greater": 1, "at_least": 2}
NODE = np.dtype([("test", "<f8"), ("offset", "<i4"), ("left", "<i4"), ("right", "<i4"), ("flags", "<u4")])


class Flat:
    def __init__(self, instructions: Sequence[AnyInstruction]) -> None:
        self.code: list[int] = []
        self._reals: list[Floats] = []
        self._nodes: list[np.ndarray[tuple[int], np.dtype[np.void]]] = []
        self._bits: list[np.ndarray[tuple[int, ...], np.dtype[np.uint32]]] = []
        self._trees: list[np.ndarray[tuple[int, ...], np.dtype[np.int32]]] = []
        self._counts = {"reals": 0, "nodes": 0, "bits": 0, "trees": 0}
        for word in instructions:
            arguments = self._arguments(word)
            self.code += [3 + len(arguments), OP[type(word)], word.into, *arguments]

    def buffers(self) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """code, reals, nodes, bits, trees: what the kernel copies."""
        code = np.array(self.code, dtype=np.int32).tobytes()
        pools = (self._reals, self._nodes, self._bits, self._trees)
        reals, nodes, bits, trees = (b"".join(part.tobytes() for part in pool) for pool in pools)
        return code, reals, nodes, bits, trees

    def _real(self, *values: float | Floats) -> int:
        """Put numbers into the pool, one after the other; returns where they start."""
        start = self._counts["reals"]
        for value in values:
            part = np.ascontiguousarray(value, dtype=np.float64).ravel()
            self._reals.append(part)
            self._counts["reals"] += len(part)
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

    def _forest(self, word: Trees) -> list[int]:
        first, start, width = self._counts["trees"], self._counts["nodes"], word.leaves.shape[1]
        nodes = self._laid_out(word, start)
        self._nodes.append(nodes)
        self._counts["nodes"] += len(nodes)
        self._bits.append(word.bits)
        self._counts["bits"] += len(word.bits)
        category = ((word.flags & CATEGORY) != 0) & (word.feature >= 0)
        ends = np.append(word.roots[1:], len(nodes))
        mixed = [bool(category[a:b].any()) for a, b in zip(word.roots, ends, strict=True)]
        if (np.diff(word.roots) < 0).any():  # trees in no order: which nodes are whose is not known, so walk with care
            mixed = [bool(category.any())] * len(word.roots)
        trees = np.column_stack([word.roots + start, word.outputs, mixed]).astype(np.int32)
        self._trees.append(trees)
        self._counts["trees"] += len(trees)
        scaled = word.leaves if word.scale == 1.0 else word.leaves * word.scale
        reals = [self._real(word.base), self._real(scaled), self._real(word.divide)]
        return [first, len(trees), len(word.base), width, *reals]

    def _laid_out(self, word: Trees, start: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
        """A leaf points at itself and holds its value (or, with many outputs, its row of `leaves`) in `test`."""
        nodes = np.zeros(len(word.feature), dtype=NODE)
        leaf, here = word.feature < 0, np.arange(len(word.feature), dtype=np.int32) + start
        registers = np.append(word.xs, 0).astype(np.int32)
        nodes["offset"] = registers[np.where(leaf, len(word.xs), word.feature)] * BLOCK
        nodes["left"] = np.where(leaf, here, word.left + start)
        nodes["right"] = np.where(leaf, here, word.right + start)
        nodes["flags"] = np.where(leaf, 0, word.flags)
        nodes["test"] = word.threshold
        pairs = nodes["test"].copy().view(np.uint32).reshape(-1, 2)
        sets = ~leaf & ((word.flags & CATEGORY) != 0)
        pairs[sets, 0] = word.bits_at[sets] + self._counts["bits"]
        pairs[sets, 1] = word.bits_words[sets]
        pairs[leaf, 0], pairs[leaf, 1] = word.left[leaf], 0
        nodes["test"] = pairs.reshape(-1).view(np.float64)
        if word.leaves.shape[1] == 1:
            values = word.leaves[:, 0] if word.scale == 1.0 else word.leaves[:, 0] * word.scale
            nodes["test"][leaf] = values[word.left[leaf]]
        return nodes
