"""A program: what it takes, what it does, what it gives."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from modelyard.schema.contract import Contract
from modelyard.schema.target import Outcome
from modelyard.scoring.instructions import Apply, Interp, Linear, Sigmoid, Softmax
from modelyard.scoring.text_instructions import TextTfidf
from modelyard.scoring.words import AnyInstruction

Equality = Literal["exact", "link", "blas"]
"""How equal a program is to the library that learned it: bit for bit; 2 ulp after exp or log; 4e-15·(Σ|x·w| + |b|)
where the library's own sums depend on BLAS."""


class Gives(Struct, frozen=True, kw_only=True):
    """Where the answer lies: one register per score (class probabilities in sorted order; one for a regression), and
    one for the prediction (the class index, or the number itself)."""

    outcome: Outcome
    scores: tuple[int, ...]
    prediction: int


class Program(Struct, frozen=True, eq=False):
    """Registers 0..len(takes.fields)−1 are the inputs, in the contract's order."""

    takes: Contract
    instructions: tuple[AnyInstruction, ...]
    gives: Gives
    registers: int

    @property
    def equality(self) -> Equality:
        if any(isinstance(word, Linear) for word in self.instructions):
            return "blas"
        return "link" if any(map(_links, self.instructions)) else "exact"


LINKS = (Apply, Sigmoid, Softmax, Interp)


def _links(word: AnyInstruction) -> bool:
    return isinstance(word, LINKS) or (isinstance(word, TextTfidf) and word.sublinear)
