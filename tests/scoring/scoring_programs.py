"""Random programs and hostile numbers, for the laws of the two interpreters."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from hypothesis import strategies as st

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
    Interp,
    Ints,
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
    reals,
    wholes,
)
from modelyard.scoring.words import AnyInstruction

SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, np.nextafter(0.5, 1), np.nextafter(0.5, 0), 1e-300, 1e300, -1e300,
           float("nan"), float("inf"), float("-inf"), 3.0, 31.0, 32.0, 33.0, 7.25]  # fmt: skip
numbers = st.one_of(st.sampled_from(SPECIAL), st.floats(-1e6, 1e6))
finite = st.floats(-100, 100)


@st.composite
def trees(draw: Any, into: int, registers: int) -> Trees:
    features = draw(st.integers(1, 4))
    outputs = draw(st.integers(1, 3))
    wide = draw(st.booleans())
    nodes: list[tuple[int, float, int, int, int, int, int]] = []
    bits = draw(st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3))
    leaves: list[list[float]] = []
    roots = []

    def grow(depth: int) -> int:
        here = len(nodes)
        nodes.append((-1, 0.0, 0, 0, 0, 0, 0))
        if depth == 0 or draw(st.integers(0, 3)) == 0:
            leaves.append(draw(st.lists(finite, min_size=outputs if wide else 1, max_size=outputs if wide else 1)))
            nodes[here] = (-1, 0.0, len(leaves) - 1, 0, 0, 0, 0)
            return here
        flags = draw(st.sampled_from([0, 1, 0, 1, 2, 3, 6]))
        at = draw(st.integers(0, 2))
        left, right = grow(depth - 1), grow(depth - 1)
        threshold = draw(st.sampled_from([0.5, 0.0, 1.0, 3.0, -1.0]))
        nodes[here] = (
            draw(st.integers(0, features - 1)),
            threshold,
            left,
            right,
            flags,
            at,
            draw(st.integers(0, 3 - at)),
        )
        return here

    for _ in range(draw(st.integers(1, 12))):
        roots.append(grow(draw(st.integers(0, 4))))
    columns = list(zip(*nodes, strict=True))
    return Trees(
        into=into, xs=wholes([draw(st.integers(0, registers - 1)) for _ in range(features)]),
        feature=wholes(columns[0]), threshold=reals(columns[1]), left=wholes(columns[2]), right=wholes(columns[3]),
        flags=np.array(columns[4], np.uint8), bits=np.array(bits, np.uint32), bits_at=wholes(columns[5]),
        bits_words=wholes(columns[6]), roots=wholes(roots),
        outputs=wholes([0 if wide else draw(st.integers(0, outputs - 1)) for _ in roots]),
        leaves=reals(leaves), base=reals([draw(finite) for _ in range(outputs)]),
        scale=draw(st.sampled_from([1.0, 0.1])), divide=draw(st.sampled_from([1.0, 3.0])),
    )  # fmt: skip


@st.composite
def nearest(draw: Any, into: int, xs: Ints) -> Nearest:
    rows = draw(st.integers(1, 6))
    known = st.one_of(finite, st.sampled_from([float("nan"), 0.0, -0.0, 1.0]))
    donors = reals([[draw(known) for _ in xs] for _ in range(rows)])
    fallback = reals([draw(finite) for _ in xs])
    return Nearest(into=into, xs=xs, donors=donors, fallback=fallback, count=draw(st.integers(1, rows)))


@st.composite
def instructions(draw: Any, into: int, registers: int) -> AnyInstruction:
    def one() -> int:
        return int(draw(st.integers(0, registers - 1)))

    def many() -> Ints:
        return wholes([one() for _ in range(draw(st.integers(1, 4)))])

    edges = reals(sorted(draw(st.lists(finite, min_size=1, max_size=6, unique=True))))
    word = draw(st.integers(0, 17))
    if word == 0:
        return Const(into=into, value=draw(numbers))
    if word == 1:
        return IsNan(into=into, x=one())
    if word == 2:
        return Fill(into=into, x=one(), value=draw(numbers))
    if word == 3:
        return Apply(into=into, x=one(), f=draw(st.sampled_from(get_args(Unary))))
    if word == 4:
        return Arith(into=into, a=one(), b=one(), f=draw(st.sampled_from(get_args(Binary))))
    if word == 5:
        f = draw(st.sampled_from(get_args(Binary)))
        return ArithConst(into=into, x=one(), value=draw(numbers), flip=draw(st.booleans()), f=f)
    if word == 6:
        return Clip(into=into, x=one(), low=draw(finite), high=draw(numbers))
    if word == 7:
        return Select(into=into, test=one(), a=one(), b=one())
    if word == 8:
        return Bins(into=into, x=one(), edges=edges)
    if word == 9:
        return Interp(into=into, x=one(), xs=edges, ys=reals([draw(finite) for _ in edges]))
    if word == 10:
        return Map(into=into, x=one(), table=edges, missing=draw(numbers), unseen=draw(numbers))
    if word == 11:
        return OneHot(into=into, x=one(), slots=draw(st.integers(1, 4)))
    if word == 12:
        xs, outputs = many(), draw(st.integers(1, 3))
        weights = reals([[draw(finite) for _ in xs] for _ in range(outputs)])
        return Linear(into=into, xs=xs, weights=weights, bias=reals([draw(finite) for _ in range(outputs)]))
    if word == 13:
        return Sigmoid(into=into, x=one())
    if word == 14:
        return Softmax(into=into, xs=many())
    if word == 15:
        return Decide(
            into=into, xs=many(), rule=draw(st.sampled_from(["argmax", "greater", "at_least"])), at=draw(finite)
        )
    if word == 16:
        return draw(nearest(into, many()))
    return draw(trees(into, registers))


@st.composite
def programs(draw: Any) -> tuple[list[AnyInstruction], int, int]:
    """Instructions, inputs, registers."""
    inputs = draw(st.integers(1, 5))
    registers, words = inputs, []
    for _ in range(draw(st.integers(1, 8))):
        words.append(draw(instructions(registers, registers)))
        registers += words[-1].width
    return words, inputs, registers
