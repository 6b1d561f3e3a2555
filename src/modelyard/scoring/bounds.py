"""How far a score may lie from the library's, and which labels may turn: carried through the program word by word.

Sources of difference (docs/scoring.md): a library's dense sums depend on its BLAS, so `linear` may be off by
4e-15·(Σ|x·w| + |b|); a link (exp, log …) by 2 ulp. Everything else is exact on equal inputs.

A difference that comes in is carried on: through a sum with the weights, through everything else by what it does at
the ends of the box that its inputs lie in (`spread`). So a value that may fall on either side of a threshold is allowed
what lies on both sides of it, trees included (`reach`), and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from modelyard.scoring.instructions import (
    Apply,
    Arith,
    ArithConst,
    Binary,
    Bins,
    Clip,
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
)
from modelyard.scoring.interpreter import BINARY, MEANING, interpret
from modelyard.scoring.nearest import settled
from modelyard.scoring.program import Program
from modelyard.scoring.reach import trees_move
from modelyard.scoring.spread import Mask, Side, apart, between_knots, box, corners, largest, may_be_zero
from modelyard.scoring.text_instructions import TextHash, TextInstruction, TextMatch, TextTfidf, TextTraits
from modelyard.scoring.words import AnyInstruction

BLAS = 4e-15
ULP = 2.0**-52
LINK = 2 * ULP
SMALLEST = 2.0**-1022
TRANSCENDENT = frozenset({"log", "log1p", "exp", "expm1", "tanh"})
Registers = list[Floats]


class Allowance(Struct, frozen=True, eq=False):
    """What equality allows: `scores` (n, K), how far each may lie from the library's (all 0 for an exact program);
    `turns` (n,), the rows whose label may be another one."""

    scores: Floats
    turns: Mask


def allowance(program: Program, inputs: Sequence[Floats], length: int) -> Allowance:
    """What the program's class of equality allows on these rows."""
    values = interpret(program.instructions, inputs, program.registers, length)
    errors = carry(program.instructions, values, [np.zeros(length)] * len(inputs))
    scores = np.column_stack([errors[register] for register in program.gives.scores])
    labels = program.gives.outcome.task == "classification"
    return Allowance(scores, (errors[program.gives.prediction] > 0) & labels)


def bounds(program: Program, inputs: Sequence[Floats], length: int) -> Floats:
    """(n, K): the largest difference of each score that the program's class of equality allows."""
    return allowance(program, inputs, length).scores


def carry(instructions: Sequence[AnyInstruction], values: Registers, errors: Sequence[Floats]) -> Registers:
    """How far each register may lie from `values`, the registers of a run, when inputs are off by up to `errors`."""
    carried = [*errors, *([np.empty(0)] * (len(values) - len(errors)))]
    with np.errstate(all="ignore"):
        for word in instructions:
            for place, error in enumerate(_carried(word, values, carried)):
                carried[word.into + place] = error
    return carried


def _carried(word: AnyInstruction, values: Registers, errors: Registers) -> list[Floats]:
    outputs = [values[word.into + place] for place in range(word.width)]
    own = _own(word, values, outputs)
    if not any(errors[x].any() for x in word.reads):
        return own
    moved = MOVED[type(word)](word, values, errors)
    if not isinstance(word, ANYTHING_TAKEN):
        unknown = np.isinf(largest([errors[x] for x in word.reads]))
        moved = [np.where(unknown, np.inf, move) for move in moved]
    # From inputs that differ, the operation itself may round to a neighbour; from equal ones it cannot.
    rounded = [np.where(m > 0, m + ULP * _size(y), m) for m, y in zip(moved, outputs, strict=True)]
    return [a + b for a, b in zip(own, rounded, strict=True)]


def _size(y: Floats) -> Floats:
    return np.where(np.isfinite(y), np.abs(y), 0.0)


def _own(word: AnyInstruction, values: Registers, outputs: list[Floats]) -> list[Floats]:
    """What the word itself adds on equal inputs."""
    if isinstance(word, Linear):
        return _blas(word, values)
    if isinstance(word, Sigmoid | Softmax) or (isinstance(word, Apply) and word.f in TRANSCENDENT):
        return [LINK * _size(y) for y in outputs]
    if isinstance(word, TextTfidf) and word.sublinear:
        return [
            3 * LINK * _size(y) for y in outputs
        ]  # its own logarithm, and those of the norm, which is at most twice
    return [np.zeros_like(y) for y in outputs]


def _blas(word: Linear, values: Registers) -> list[Floats]:
    out = []
    for weights, bias in zip(word.weights.tolist(), word.bias.tolist(), strict=True):
        size = np.zeros(len(values[word.into]))
        for x, weight in zip(word.xs.tolist(), weights, strict=True):
            size = size + _size(values[x] * weight)  # a sum with inf or NaN in it is that, in whatever order
        out.append(BLAS * (size + abs(bias)))
    return out


def _linear(word: Linear, values: Registers, errors: Registers) -> list[Floats]:
    out = []
    for weights in word.weights.tolist():
        moved = np.zeros(len(values[word.into]))
        for x, weight in zip(word.xs.tolist(), weights, strict=True):
            moved = moved + np.where(errors[x] > 0, errors[x] * abs(weight), 0.0)
        out.append(moved + BLAS * moved)  # the sum of what moved rounds too
    return out


def _monotone(word: Any, values: Registers, errors: Registers) -> list[Floats]:
    """A word of one input that rises or falls throughout: what it means at both ends."""
    return [corners(_meaning(word), values[word.into], box(values[word.x], errors[word.x]))]


def _meaning(word: Any) -> Callable[[Floats], Floats]:
    """A word of one input and one output as a function."""
    moved = replace(word, x=0)
    return lambda x: MEANING[type(word)](moved, [x], len(x))[0]


def _apply(word: Apply, values: Registers, errors: Registers) -> list[Floats]:
    if word.f == "abs":
        return [errors[word.x]]
    if word.f == "not":
        return [may_be_zero(values[word.x], errors[word.x]).astype(np.float64)]
    return _monotone(word, values, errors)


def _arith(word: Arith, values: Registers, errors: Registers) -> list[Floats]:
    return [_operation(word.f, values[word.into], (values[word.a], errors[word.a]), (values[word.b], errors[word.b]))]


def _arith_const(word: ArithConst, values: Registers, errors: Registers) -> list[Floats]:
    x = values[word.x], errors[word.x]
    constant = np.full_like(x[0], word.value), np.zeros_like(x[0])
    return [_operation(word.f, values[word.into], *((constant, x) if word.flip else (x, constant)))]


def _operation(f: Binary, y: Floats, a: Side, b: Side) -> Floats:
    """`a` and `b`: a value and how far it may be off. Rising or falling in each: corners; else case by case."""
    left, right = box(*a), box(*b)
    uncertain = (a[1] > 0) | (b[1] > 0)
    if f in ("and", "or"):
        turned = np.where(np.isnan(a[0]) | np.isnan(b[0]), np.inf, 1.0)  # beside a null: between known and unknown
        return np.where(may_be_zero(*a) | may_be_zero(*b), turned, 0.0)
    if f in ("eq", "ne"):
        return (uncertain & (left[0] <= right[1]) & (right[0] <= left[1])).astype(np.float64)
    if f == "mod":
        # A remainder that may wrap round may be any; whether it may is itself a matter of rounding.
        return np.where(b[1] > 0, np.inf, np.where((a[1] > 0) & ~np.isnan(b[0]), np.abs(b[0]), 0.0))
    moved = corners(BINARY[f], y, left, right)
    return np.where((f == "div") & may_be_zero(*b), np.inf, moved)


def _select(word: Select, values: Registers, errors: Registers) -> list[Floats]:
    test, y = values[word.test], values[word.into]
    first = np.where(np.isnan(test) | (test == 0.0), errors[word.b], errors[word.a])
    either = largest([errors[x] + apart(y, values[x]) for x in (word.a, word.b)])
    return [np.where(may_be_zero(test, errors[word.test]), either, first)]


def _isnan(word: IsNan, values: Registers, errors: Registers) -> list[Floats]:
    return [np.isinf(errors[word.x]).astype(np.float64)]


def _fill(word: Fill, values: Registers, errors: Registers) -> list[Floats]:
    return [errors[word.x]]


def _interp(word: Interp, values: Registers, errors: Registers) -> list[Floats]:
    (ends,) = _monotone(word, values, errors)
    inside = box(values[word.x], errors[word.x])
    return [np.maximum(ends, between_knots(word.xs, word.ys, values[word.into], *inside))]


def _map(word: Map, values: Registers, errors: Registers) -> list[Floats]:
    """Any entry: a code that is not known exactly is rare, and means a label upstream may turn."""
    y = values[word.into]
    entries = [*word.table.tolist(), word.missing, word.unseen]
    return [np.where(errors[word.x] > 0, largest([apart(y, np.full_like(y, entry)) for entry in entries]), 0.0)]


def _one_hot(word: OneHot, values: Registers, errors: Registers) -> list[Floats]:
    e = errors[word.x]
    low, high = box(values[word.x], e)
    within = [(low <= slot) & (slot <= high) | np.isinf(e) for slot in range(word.slots)]
    return [np.where(e > 0, near, 0.0) for near in within]


def _trees(word: Trees, values: Registers, errors: Registers) -> list[Floats]:
    xs = word.xs.tolist()
    return trees_move(word, [values[x] for x in xs], [errors[x] for x in xs])


def _nearest(word: Nearest, values: Registers, errors: Registers) -> list[Floats]:
    """What is known is off by what it was. A gap may get other donors where those are not settled: any mean of them."""
    xs, out = word.xs.tolist(), []
    X, E = (np.column_stack([registers[x] for x in xs]) for registers in (values, errors))
    off, same = E.any(axis=1), settled(word, X, E)
    for place, x in enumerate(xs):
        y, column = values[word.into + place], word.donors[:, place]
        ends = [float(end([*column[~np.isnan(column)], word.fallback[place]])) for end in (min, max)]
        span = largest([apart(y, np.full_like(y, end)) for end in ends])
        rounded = 2 * word.count * ULP * max(abs(end) for end in ends)  # the same donors in another order
        gap = np.where(off, np.where(same[:, place], 0.0, span) + rounded, 0.0)
        kept = np.where(np.isnan(values[x]), gap, errors[x])
        out.append(np.where(np.isinf(errors[x]), np.inf, kept))
    return out


def _softmax(word: Softmax, values: Registers, errors: Registers) -> list[Floats]:
    """Every input off by at most e moves a share p by at most p·(exp(2e) − 1), and none by more than 1. Their
    differences round, as far as they are large; and a share too small to be a number may become one."""
    xs = word.xs.tolist()
    off = largest([errors[x] for x in xs])
    grown = np.expm1(2.0 * (off + ULP * largest([_size(values[x]) for x in xs])))
    shares = [_size(values[word.into + place]) for place in range(word.width)]
    return [np.where(off > 0, np.fmin(p * grown + SMALLEST, 1.0), 0.0) for p in shares]


def _text(word: TextInstruction, values: Registers, errors: Registers) -> list[Floats]:
    """A text comes in as it is: there is no other nearby."""
    return [np.full(len(values[word.into]), np.inf)] * word.width


def _decide(word: Decide, values: Registers, errors: Registers) -> list[Floats]:
    xs, es = ([registers[x] for x in word.xs.tolist()] for registers in (values, errors))
    if word.rule != "argmax":
        return [((es[0] > 0) & (np.abs(xs[0] - word.at) <= es[0])).astype(np.float64)]
    scores, slack = np.column_stack(xs), np.column_stack(es)
    top = np.argmax(scores, axis=1)[:, None]
    slack = slack + np.take_along_axis(slack, top, axis=1)
    close = (np.take_along_axis(scores, top, axis=1) - scores <= slack) & (slack > 0)
    close[np.arange(len(close)), top[:, 0]] = False
    return [np.where(close.any(axis=1), float(len(xs) - 1), 0.0)]


MOVED: Mapping[type, Callable[[Any, Registers, Registers], list[Floats]]] = {
    IsNan: _isnan,
    Fill: _fill,
    Apply: _apply,
    Arith: _arith,
    ArithConst: _arith_const,
    Clip: _monotone,
    Select: _select,
    Bins: _monotone,
    Interp: _interp,
    Map: _map,
    OneHot: _one_hot,
    Linear: _linear,
    Trees: _trees,
    Sigmoid: _monotone,
    Softmax: _softmax,
    Decide: _decide,
    Nearest: _nearest,
    TextTfidf: _text,
    TextHash: _text,
    TextTraits: _text,
    TextMatch: _text,
}
ANYTHING_TAKEN = (IsNan, Select, Map, OneHot, Trees, Nearest)
"""Words that say themselves what becomes of an input of which nothing is known."""
