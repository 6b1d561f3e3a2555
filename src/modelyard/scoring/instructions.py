"""The instruction set: about twenty words over float64 registers. Those over text are in `text_instructions.py`.

A register is a column: float64, one value per row; category columns hold codes (0..K−1, −1 unseen, NaN null). Every
instruction reads registers and writes `width` new ones from `into` on; none is ever written twice. Rows never see each
other. Within a row everything is computed left to right, multiply and add rounded apart, so that numpy = native =
one by one, bit for bit (`docs/scoring.md`).

An instruction is data at rest in packages: its fields are a format. Adding a word or a field with a default is a new
minor of `package.FORMAT`; changing a meaning is forbidden, make a new word.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

Binary = Literal["add", "sub", "mul", "div", "min", "max", "mod", "lt", "le", "gt", "ge", "eq", "ne", "and", "or"]
Unary = Literal["neg", "abs", "log", "log1p", "exp", "expm1", "sqrt", "tanh", "floor", "not"]


class Instruction(Struct, frozen=True, kw_only=True, tag_field="op", eq=False):
    into: int = 0
    """First register written; the builder sets it."""

    @property
    def width(self) -> int:
        return 1

    @property
    def reads(self) -> tuple[int, ...]:
        return ()


class ReadsOne(Instruction, frozen=True, kw_only=True, eq=False):
    """A word over one register."""

    x: int

    @property
    def reads(self) -> tuple[int, ...]:
        return (self.x,)


class ReadsMany(Instruction, frozen=True, kw_only=True, eq=False):
    """A word over several registers, in the order in which it reads them."""

    xs: Ints

    @property
    def reads(self) -> tuple[int, ...]:
        return tuple(self.xs.tolist())


class Const(Instruction, frozen=True, kw_only=True, tag="const", eq=False):
    """into = value, on every row."""

    value: float


class IsNan(ReadsOne, frozen=True, kw_only=True, tag="isnan", eq=False):
    """into = 1.0 where x is NaN, else 0.0."""


class Fill(ReadsOne, frozen=True, kw_only=True, tag="fill", eq=False):
    """into = value where x is NaN, else x."""

    value: float


class Apply(Instruction, frozen=True, kw_only=True, tag="apply", eq=False):
    """into = f(x). NaN in, NaN out (`not` included)."""

    f: Unary
    x: int

    @property
    def reads(self) -> tuple[int, ...]:
        return (self.x,)


class Arith(Instruction, frozen=True, kw_only=True, tag="arith", eq=False):
    """into = a f b, one IEEE operation. Comparisons and logic give 1.0 or 0.0, NaN when a side is NaN (`and` with a
    false side is 0, `or` with a true side is 1: three-valued logic as in SQL). `min`, `max`: NaN when a side is.
    `mod` has the sign of b (floor modulo), `div` by zero follows IEEE."""

    f: Binary
    a: int
    b: int

    @property
    def reads(self) -> tuple[int, ...]:
        return (self.a, self.b)


class ArithConst(Instruction, frozen=True, kw_only=True, tag="arith_const", eq=False):
    """into = x f value (or value f x when `flip`)."""

    f: Binary
    x: int
    value: float
    flip: bool = False

    @property
    def reads(self) -> tuple[int, ...]:
        return (self.x,)


class Clip(ReadsOne, frozen=True, kw_only=True, tag="clip", eq=False):
    """into = low where x < low, high where x > high, else x; NaN stays. ±inf leaves a side open."""

    low: float
    high: float


class Select(Instruction, frozen=True, kw_only=True, tag="select", eq=False):
    """into = a where the predicate is neither 0 nor NaN, else b."""

    test: int
    a: int
    b: int

    @property
    def reads(self) -> tuple[int, ...]:
        return (self.test, self.a, self.b)


class Bins(ReadsOne, frozen=True, kw_only=True, tag="bins", eq=False):
    """into = count(edges ≤ x), edges ascending; NaN stays NaN."""

    edges: Floats


class Interp(ReadsOne, frozen=True, kw_only=True, tag="interp", eq=False):
    """into = piecewise linear through (xs, ys): s·(x − xs[j]) + ys[j], ends held; NaN stays NaN (as numpy.interp)."""

    xs: Floats
    ys: Floats


class Map(ReadsOne, frozen=True, kw_only=True, tag="map", eq=False):
    """into = table[x] for a code 0..len−1, `missing` for NaN, `unseen` for anything else."""

    table: Floats
    missing: float
    unseen: float


class OneHot(ReadsOne, frozen=True, kw_only=True, tag="one_hot", eq=False):
    """`slots` columns: column i = 1.0 where x == i, else 0.0. x = −1 or NaN: all zeros."""

    slots: int

    @property
    def width(self) -> int:
        return self.slots


class Linear(ReadsMany, frozen=True, kw_only=True, tag="linear", eq=False):
    """`k` outputs: acc = 0, then + x[j]·weights[o, j] for j left to right, then + bias[o]. weights (k, len(xs))."""

    weights: Floats
    bias: Floats

    @property
    def width(self) -> int:
        return len(self.bias)


class Trees(ReadsMany, frozen=True, kw_only=True, tag="trees", eq=False):
    """A sum over trees: acc[o] = base[o], then tree by tree, in order, + scale·leaf; at the end / divide.

    Nodes of all trees lie in one array; `roots` says where each tree starts; children lie after their parent, and
    every node has one parent. `flags` bit 0 (1): NaN goes left. Node i is one of

    - a number test: left when x[feature[i]] ≤ threshold[i] (never NaN);
    - a category test, `flags` bit 1 (2): left when the code x is in the set of codes whose bits are set in
      bits[bits_at[i] : bits_at[i] + bits_words[i]] (code c = bit c % 32 of word c // 32; the fraction of x is cut off);
      a code below 0 or past the last word is outside, and goes left only when bit 2 (4) is set;
    - a leaf: feature[i] = −1, `left[i]` is its row in `leaves`.

    leaves is (rows, k): with k = 1, tree t adds to output `outputs[t]`; else k = len(base), and it adds to all of them
    (`outputs` is then all zeros). `scale` multiplies each leaf before adding (1.0 leaves it as it is)."""

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    flags: NDArray[np.uint8]
    bits: NDArray[np.uint32]
    bits_at: Ints
    """Per node: first word of its set in `bits`; 0 where it is no category test."""
    bits_words: Ints
    """Per node: how many words its set has."""
    roots: Ints
    outputs: Ints
    leaves: Floats
    base: Floats
    scale: float = 1.0
    divide: float = 1.0

    @property
    def width(self) -> int:
        return len(self.base)


class Nearest(ReadsMany, frozen=True, kw_only=True, tag="nearest", eq=False):
    """Gaps filled from the nearest donors: column j = x[j] where it is known, else the mean of that column over the
    `count` nearest donors that know it, summed from the nearest on; `fallback[j]` where no donor can be compared.

    donors (rows, len(xs)), NaN where unknown. Distance: the squares of x[j] − donor[j] over the j that both know,
    summed left to right, divided by how many; a donor without any such j is not compared. Equally near: the earlier."""

    donors: Floats
    fallback: Floats
    count: int

    @property
    def width(self) -> int:
        return len(self.xs)


class Sigmoid(ReadsOne, frozen=True, kw_only=True, tag="sigmoid", eq=False):
    """into = 1 / (1 + exp(−x))."""


class Softmax(ReadsMany, frozen=True, kw_only=True, tag="softmax", eq=False):
    """k outputs from k inputs: e = exp(x − max), divided by their sum, left to right."""

    @property
    def width(self) -> int:
        return len(self.xs)


class Decide(ReadsMany, frozen=True, kw_only=True, tag="decide", eq=False):
    """into = index of the answer. `argmax`: first largest; `greater`: 1 where xs[0] > at; `at_least`: 1 where ≥ at.
    NaN when one of xs is NaN: no answer is better than the first class by accident."""

    rule: Literal["argmax", "greater", "at_least"]
    at: float = 0.0


def reals(values: Any) -> Floats:
    """A contiguous float64 array for an instruction's field."""
    return np.ascontiguousarray(values, dtype=np.float64)


def wholes(values: Any) -> Ints:
    """A contiguous int32 array for an instruction's field."""
    return np.ascontiguousarray(values, dtype=np.int32)
