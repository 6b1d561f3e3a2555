"""Every word of the instruction set: what a program may hold, and what a package of the format knows."""

from __future__ import annotations

from typing import get_args

from modelyard.scoring.instructions import (
    Apply,
    Arith,
    ArithConst,
    Bins,
    Clip,
    Const,
    Decide,
    Fill,
    Instruction,
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
from modelyard.scoring.text_instructions import TextInstruction

AnyInstruction = (
    Const | IsNan | Fill | Apply | Arith | ArithConst | Clip | Select | Bins | Interp | Map | OneHot | Linear | Trees
    | Sigmoid | Softmax | Decide | Nearest | TextInstruction
)  # fmt: skip

WORDS: tuple[type[Instruction], ...] = get_args(AnyInstruction)
