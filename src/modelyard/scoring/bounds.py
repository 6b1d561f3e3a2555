"""How far a score may lie from the library's: a bound per row and score, carried through the program.

Sources of difference (docs/scoring.md): a library's dense sums depend on its BLAS, so `linear` may be off by
4e-15·(Σ|x·w| + |b|); a link (exp, log …) by 2 ulp. Everything else is exact on equal inputs. A difference that comes in
is carried to first order: through a sum with the weights, through a link with its slope. Steps (comparisons, bins,
trees) pass none on: on which side of a split a row falls is equal or it is a different label, which parity counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from modelyard.scoring.instructions import (
    AnyInstruction,
    Apply,
    Arith,
    ArithConst,
    Clip,
    Fill,
    Floats,
    Linear,
    Select,
    Sigmoid,
    Softmax,
)
from modelyard.scoring.interpreter import BINARY, interpret
from modelyard.scoring.program import Program

BLAS = 4e-15
ULP = 2.0**-52
LINK = 2 * ULP


def bounds(program: Program, inputs: Sequence[Floats], length: int) -> Floats:
    """(n, K): the largest difference that the program's class of equality allows. All zeros for an exact program."""
    values = interpret(program.instructions, inputs, program.registers, length)
    errors = [np.zeros(length) for _ in range(program.registers)]
    with np.errstate(all="ignore"):
        for word in program.instructions:
            for place, error in enumerate(_carried(word, values, errors)):
                errors[word.into + place] = error
    return np.column_stack([errors[register] for register in program.gives.scores])


def _carried(word: AnyInstruction, values: list[Floats], errors: list[Floats]) -> list[Floats]:
    match word:
        case Linear():
            return _linear(word, values, errors)
        case Sigmoid():
            p = values[word.into]
            return [errors[word.x] * p * (1.0 - p) + LINK * np.abs(p)]
        case Softmax():
            largest = _largest([errors[x] for x in word.xs.tolist()])
            outputs = [values[word.into + place] for place in range(word.width)]
            return [2.0 * p * largest + LINK * np.abs(p) for p in outputs]
        case Apply():
            return [_slope(word, values) * errors[word.x] + LINK * np.abs(values[word.into]) * (word.f in TRANSCENDENT)]
        case Arith():
            return [_arith(word.f, values[word.a], values[word.b], errors[word.a], errors[word.b])]
        case ArithConst():
            constant, none = np.full_like(values[word.x], word.value), np.zeros_like(values[word.x])
            if word.flip:
                return [_arith(word.f, constant, values[word.x], none, errors[word.x])]
            return [_arith(word.f, values[word.x], constant, errors[word.x], none)]
        case Select():
            return [np.maximum(errors[word.a], errors[word.b])]
        case Fill() | Clip():
            return [errors[word.x]]
        case _:
            return [np.zeros_like(values[word.into])] * word.width


TRANSCENDENT = frozenset({"log", "log1p", "exp", "expm1", "tanh"})


def _slope(word: Apply, values: list[Floats]) -> Floats:
    x, y = values[word.x], values[word.into]
    slopes: dict[str, Callable[[], Floats]] = {
        "log": lambda: 1.0 / np.abs(x),
        "log1p": lambda: 1.0 / np.abs(1.0 + x),
        "exp": lambda: np.abs(y),
        "expm1": lambda: np.abs(y + 1.0),
        "sqrt": lambda: 0.5 / np.abs(y),
        "floor": lambda: np.zeros_like(x),
        "not": lambda: np.zeros_like(x),
    }
    return slopes[word.f]() if word.f in slopes else np.ones_like(x)


def _linear(word: Linear, values: list[Floats], errors: list[Floats]) -> list[Floats]:
    out = []
    for weights, bias in zip(word.weights.tolist(), word.bias.tolist(), strict=True):
        size, carried = np.zeros(len(values[word.into])), np.zeros(len(values[word.into]))
        for x, weight in zip(word.xs.tolist(), weights, strict=True):
            size = size + np.abs(values[x] * weight)
            carried = carried + errors[x] * abs(weight)
        out.append(BLAS * (size + abs(bias)) + carried)
    return out


def _arith(f: str, a: Floats, b: Floats, da: Floats, db: Floats) -> Floats:
    carried = {
        "add": lambda: da + db,
        "sub": lambda: da + db,
        "mul": lambda: da * np.abs(b) + db * np.abs(a),
        "div": lambda: da / np.abs(b) + db * np.abs(a) / (b * b),
    }
    if f in carried:
        # From inputs that differ, the operation itself may round to a neighbour; from equal ones it cannot.
        moved = carried[f]()
        return np.where(moved > 0, moved + ULP * np.abs(BINARY[f](a, b)), moved)
    return np.maximum(da, db) if f in ("min", "max", "mod") else np.zeros_like(a)


def _largest(errors: list[Floats]) -> Floats:
    top = errors[0]
    for error in errors[1:]:
        top = np.maximum(top, error)
    return top
