"""Running a program: the native kernel where it was built, else numpy. Same bits either way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from modelyard.rows.table import Floats, Table, Values
from modelyard.scoring import native
from modelyard.scoring.instructions import AnyInstruction
from modelyard.scoring.interpreter import interpret
from modelyard.scoring.program import Program


class Scores(Struct, frozen=True, eq=False):
    """`scores` (n, K): class probabilities in sorted order, or the one number; `prediction` (n,): class index or
    number."""

    scores: Floats
    prediction: Floats


def execute(
    instructions: Sequence[AnyInstruction],
    inputs: Sequence[Values],
    registers: int,
    wanted: Sequence[int],
    length: int,
) -> list[Floats]:
    """The wanted registers, each (length,), after the instructions ran on the inputs."""
    if native.available():
        return native.Kernel(instructions, len(inputs), registers, wanted).run(inputs, length)
    filled = interpret(instructions, inputs, registers, length)
    return [filled[register] for register in wanted]


class Scorer:
    """A program made ready to answer: flattened once, then run on any number of rows."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.wanted = (*program.gives.scores, program.gives.prediction)
        width = len(program.takes.fields)
        self._kernel = (
            native.Kernel(program.instructions, width, program.registers, self.wanted) if native.available() else None
        )

    def inputs(self, table: Table) -> list[Floats]:
        """The program's input columns, in the contract's order."""
        return [table[field.name] for field in self.program.takes.fields]

    def score(self, inputs: Sequence[Floats], length: int) -> Scores:
        answers = self.answers(inputs, length)
        return Scores(np.column_stack(answers[:-1]), answers[-1])

    def table(self, table: Table) -> Scores:
        return self.score(self.inputs(table), len(table))

    def answers(self, inputs: Sequence[Floats], length: int) -> list[Floats]:
        """One array per score, then the prediction."""
        if self._kernel is not None:
            return self._kernel.run(inputs, length)
        filled = interpret(self.program.instructions, inputs, self.program.registers, length)
        return [filled[register] for register in self.wanted]
