"""The numpy interpreter: what every instruction means, readable, and the reference for the native kernel.

Vectorised over rows, never over terms: sums run left to right with multiply and add rounded apart, so a row's answer
does not depend on its batch. `@`, dot, einsum and sum(axis=1) would reorder, so none is here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from modelyard.scoring.forest import sum_trees
from modelyard.scoring.instructions import (
    Apply,
    Arith,
    ArithConst,
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
)
from modelyard.scoring.nearest import fill_from_nearest
from modelyard.scoring.text import fill_columns, reader
from modelyard.scoring.text_instructions import TextHash, TextInstruction, TextMatch, TextTfidf, TextTraits
from modelyard.scoring.words import AnyInstruction

Registers = list[Floats]
Outputs = list[Floats]


def interpret(
    instructions: Sequence[AnyInstruction], inputs: Sequence[Floats], registers: int, length: int
) -> Registers:
    """All registers after the program ran on `length` rows. Inputs are the first registers."""
    filled: Registers = [*inputs, *([np.empty(0)] * (registers - len(inputs)))]
    with np.errstate(all="ignore"):  # inf and NaN are answers here, not accidents
        for word in instructions:
            for place, values in enumerate(MEANING[type(word)](word, filled, length)):
                filled[word.into + place] = values
    return filled


def _const(word: Const, r: Registers, n: int) -> Outputs:
    return [np.full(n, word.value)]


def _isnan(word: IsNan, r: Registers, n: int) -> Outputs:
    return [np.isnan(r[word.x]).astype(np.float64)]


def _fill(word: Fill, r: Registers, n: int) -> Outputs:
    x = r[word.x]
    return [np.where(np.isnan(x), word.value, x)]


def _tanh(x: Floats) -> Floats:
    # numpy's own SIMD tanh is not libm's; one scalar serves both interpreters.
    return np.array([math.tanh(value) for value in x.tolist()], dtype=np.float64)


def _not(x: Floats) -> Floats:
    return np.where(np.isnan(x), np.nan, (x == 0.0).astype(np.float64))


UNARY: Mapping[str, Callable[[Floats], Floats]] = {
    "neg": lambda x: -x,
    "abs": lambda x: np.abs(x),
    "log": lambda x: np.log(x),
    "log1p": lambda x: np.log1p(x),
    "exp": lambda x: np.exp(x),
    "expm1": lambda x: np.expm1(x),
    "sqrt": lambda x: np.sqrt(x),
    "tanh": _tanh,
    "floor": lambda x: np.floor(x),
    "not": _not,
}


def _compared(test: Callable[[Floats, Floats], Any]) -> Callable[[Floats, Floats], Floats]:
    def compare(a: Floats, b: Floats) -> Floats:
        return np.where(np.isnan(a) | np.isnan(b), np.nan, test(a, b).astype(np.float64))

    return compare


def _and(a: Floats, b: Floats) -> Floats:
    known = np.where(np.isnan(a) | np.isnan(b), np.nan, 1.0)
    return np.where((a == 0.0) | (b == 0.0), 0.0, known)


def _or(a: Floats, b: Floats) -> Floats:
    unknown = np.isnan(a) | np.isnan(b)
    true = (~np.isnan(a) & (a != 0.0)) | (~np.isnan(b) & (b != 0.0))
    return np.where(true, 1.0, np.where(unknown, np.nan, 0.0))


def _mod(a: Floats, b: Floats) -> Floats:
    left = np.fmod(a, b)
    return np.where((left != 0.0) & ((left < 0.0) != (b < 0.0)), left + b, left)


def _smaller(a: Floats, b: Floats) -> Floats:
    return np.where(np.isnan(a) | np.isnan(b), np.nan, np.where(b < a, b, a))


def _larger(a: Floats, b: Floats) -> Floats:
    return np.where(np.isnan(a) | np.isnan(b), np.nan, np.where(b > a, b, a))


BINARY: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "min": _smaller,
    "max": _larger,
    "mod": _mod,
    "lt": _compared(lambda a, b: a < b),
    "le": _compared(lambda a, b: a <= b),
    "gt": _compared(lambda a, b: a > b),
    "ge": _compared(lambda a, b: a >= b),
    "eq": _compared(lambda a, b: a == b),
    "ne": _compared(lambda a, b: a != b),
    "and": _and,
    "or": _or,
}


def _apply(word: Apply, r: Registers, n: int) -> Outputs:
    return [UNARY[word.f](r[word.x])]


def _arith(word: Arith, r: Registers, n: int) -> Outputs:
    return [BINARY[word.f](r[word.a], r[word.b])]


def _arith_const(word: ArithConst, r: Registers, n: int) -> Outputs:
    constant = np.full(n, word.value)
    x = r[word.x]
    return [BINARY[word.f](constant, x) if word.flip else BINARY[word.f](x, constant)]


def _clip(word: Clip, r: Registers, n: int) -> Outputs:
    x = r[word.x]
    raised = np.where(x < word.low, word.low, x)
    return [np.where(x > word.high, word.high, raised)]


def _select(word: Select, r: Registers, n: int) -> Outputs:
    test = r[word.test]
    return [np.where(~np.isnan(test) & (test != 0.0), r[word.a], r[word.b])]


def _bins(word: Bins, r: Registers, n: int) -> Outputs:
    x = r[word.x]
    return [np.where(np.isnan(x), np.nan, np.searchsorted(word.edges, x, side="right").astype(np.float64))]


def _interp(word: Interp, r: Registers, n: int) -> Outputs:
    """Between knots j and j+1: slope·(x − xs[j]) + ys[j]; on a knot its y; ends held."""
    x, xs, ys = r[word.x], word.xs, word.ys
    last = len(xs) - 1
    at = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, max(last - 1, 0))
    after = np.minimum(at + 1, last)
    between = (ys[after] - ys[at]) / (xs[after] - xs[at]) * (x - xs[at]) + ys[at]
    held = np.where(x == xs[at], ys[at], between)
    held = np.where(x <= xs[0], ys[0], np.where(x >= xs[last], ys[last], held))
    return [np.where(np.isnan(x), np.nan, held)]


def _map(word: Map, r: Registers, n: int) -> Outputs:
    x, size = r[word.x], len(word.table)
    known = (x >= 0) & (x < size) & (x == np.floor(x))
    table = word.table if size else np.zeros(1)
    looked = table[np.where(known, x, 0.0).astype(np.intp)]
    return [np.where(np.isnan(x), word.missing, np.where(known, looked, word.unseen))]


def _one_hot(word: OneHot, r: Registers, n: int) -> Outputs:
    return [(r[word.x] == slot).astype(np.float64) for slot in range(word.slots)]


def _linear(word: Linear, r: Registers, n: int) -> Outputs:
    return [
        _weighted(r, word.xs.tolist(), weights, bias, n) for weights, bias in zip(word.weights, word.bias, strict=True)
    ]


def _weighted(r: Registers, xs: list[int], weights: Floats, bias: float, n: int) -> Floats:
    total = np.zeros(n)
    for x, weight in zip(xs, weights.tolist(), strict=True):
        total = total + r[x] * weight
    return total + bias


def _trees(word: Trees, r: Registers, n: int) -> Outputs:
    return sum_trees(word, [r[x] for x in word.xs.tolist()], n)


def _nearest(word: Nearest, r: Registers, n: int) -> Outputs:
    return fill_from_nearest(word, [r[x] for x in word.xs.tolist()])


def _sigmoid(word: Sigmoid, r: Registers, n: int) -> Outputs:
    return [1.0 / (1.0 + np.exp(-r[word.x]))]


def _softmax(word: Softmax, r: Registers, n: int) -> Outputs:
    xs = [r[x] for x in word.xs.tolist()]
    top = xs[0]
    for x in xs[1:]:
        top = _larger(top, x)
    grown = [np.exp(x - top) for x in xs]
    total = grown[0]
    for value in grown[1:]:
        total = total + value
    return [value / total for value in grown]


def _decide(word: Decide, r: Registers, n: int) -> Outputs:
    xs = [r[x] for x in word.xs.tolist()]
    answer, top = np.zeros(n), xs[0]
    if word.rule == "argmax":
        for place, x in enumerate(xs[1:], 1):
            better = x > top
            answer, top = np.where(better, float(place), answer), np.where(better, x, top)
    else:
        answer = (top > word.at if word.rule == "greater" else top >= word.at).astype(np.float64)
    unknown = np.isnan(xs[0])
    for x in xs[1:]:
        unknown = unknown | np.isnan(x)
    return [np.where(unknown, np.nan, answer)]


def _text(word: TextInstruction, r: Registers, n: int) -> Outputs:
    return fill_columns(reader(word), r[word.x].tolist(), word.width)


MEANING: Mapping[type, Callable[[Any, Registers, int], Outputs]] = {
    Const: _const,
    IsNan: _isnan,
    Fill: _fill,
    Apply: _apply,
    Arith: _arith,
    ArithConst: _arith_const,
    Clip: _clip,
    Select: _select,
    Bins: _bins,
    Interp: _interp,
    Map: _map,
    OneHot: _one_hot,
    Linear: _linear,
    Trees: _trees,
    Sigmoid: _sigmoid,
    Softmax: _softmax,
    Decide: _decide,
    Nearest: _nearest,
    TextTfidf: _text,
    TextHash: _text,
    TextTraits: _text,
    TextMatch: _text,
}
