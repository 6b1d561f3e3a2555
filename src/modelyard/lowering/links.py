"""From a model's raw number to what it answers: probabilities, and numbers on their own scale.

Each form is the library's, operation by operation, so that only exp itself may differ (2 ulp).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from modelyard.schema.target import Transform
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Apply, Arith, ArithConst, Const, Decide, Map, Sigmoid, Softmax, reals, wholes

Link = Literal["identity", "exp", "signed_square"]
"""How a regression's raw number becomes its answer; `signed_square` undoes LightGBM's `reg_sqrt`."""


def two_sided(program: ProgramBuilder, raw: int, slope: float = 1.0) -> tuple[int, int]:
    """[1 − p, p] with p = 1 / (1 + exp(−slope·raw))."""
    if slope != 1.0:
        raw = program.add(ArithConst(into=program.next, f="mul", x=raw, value=slope))
    p = program.add(Sigmoid(into=program.next, x=raw))
    return program.add(ArithConst(into=program.next, f="sub", x=p, value=1.0, flip=True)), p


def shares(program: ProgramBuilder, raws: Sequence[int]) -> tuple[int, ...]:
    """Softmax over the raw numbers of all classes."""
    first = program.add(Softmax(into=program.next, xs=wholes(raws)))
    return tuple(range(first, first + len(raws)))


def own_scale(program: ProgramBuilder, raw: int, link: Link) -> int:
    """A regression's raw number on the scale of its target."""
    if link == "exp":
        return program.add(Apply(into=program.next, f="exp", x=raw))
    if link == "signed_square":
        size = program.add(Apply(into=program.next, f="abs", x=raw))
        return program.add(Arith(into=program.next, f="mul", a=raw, b=size))
    return raw


def undo(program: ProgramBuilder, register: int, transform: Transform) -> int:
    """A prediction back from the transformed target: expm1, exp or the square."""
    if transform == "sqrt":
        return program.add(Arith(into=program.next, f="mul", a=register, b=register))
    return program.add(Apply(into=program.next, f="expm1" if transform == "log1p" else "exp", x=register))


def decide_raw(program: ProgramBuilder, raws: Sequence[int]) -> int:
    """The library's label from raw numbers: one raw number above 0 is the second class, else the first largest.

    Not from probabilities: two raw numbers may differ where their probabilities round to the same."""
    rule: Literal["greater", "argmax"] = "greater" if len(raws) == 1 else "argmax"
    return program.add(Decide(into=program.next, xs=wholes(raws), rule=rule))


def answer_classes(
    program: ProgramBuilder, scores: Sequence[int], present: Sequence[int], count: int, rank: int | None = None
) -> None:
    """Score all `count` classes: those `present` in training from their registers, the absent ones 0.

    `rank` is the register of the label as a rank among `present`, where the label is not the largest score."""
    known = dict(zip(present, scores, strict=True))
    absent = program.add(Const(into=program.next, value=0.0)) if len(known) < count else -1
    program.score([known.get(code, absent) for code in range(count)])
    if rank is not None and len(known) < count:
        missing = float("nan")
        rank = program.add(Map(into=program.next, x=rank, table=reals(present), missing=missing, unseen=missing))
    program.prediction = rank
