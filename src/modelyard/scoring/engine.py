"""Running a program: the native kernel where it was built, else numpy. Same bits either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from modelyard.rows.table import Floats, Table, Values
from modelyard.scoring import native
from modelyard.scoring.instructions import AnyInstruction
from modelyard.scoring.interpreter import interpret
from modelyard.scoring.program import Program
from modelyard.scoring.verify import verify

Run = Callable[[Sequence[Values], int], list[Floats]]
Row = Callable[[Sequence[float]], tuple[float, ...]]


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
    return _made_ready(instructions, len(inputs), registers, wanted)[0](inputs, length)


def _made_ready(
    instructions: Sequence[AnyInstruction], width: int, registers: int, wanted: Sequence[int]
) -> tuple[Run, Row]:
    """The program checked, and the interpreter for it chosen: once, whether it then runs once or a million times."""
    if native.available():
        kernel = native.Kernel(instructions, width, registers, wanted)
        return kernel.run, kernel.row
    verify(instructions, width, registers, wanted)

    def run(inputs: Sequence[Values], length: int) -> list[Floats]:
        filled = interpret(instructions, inputs, registers, length)
        return [filled[register] for register in wanted]

    def row(values: Sequence[float]) -> tuple[float, ...]:
        return tuple(float(column[0]) for column in run([np.array([value], dtype=np.float64) for value in values], 1))

    return run, row


class Scorer:
    """A program made ready to answer: flattened once, then run on any number of rows."""

    def __init__(self, program: Program) -> None:
        self.program = program
        wanted = (*program.gives.scores, program.gives.prediction)
        width = len(program.takes.fields)
        self._run, self._row = _made_ready(program.instructions, width, program.registers, wanted)

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
        return self._run(inputs, length)

    def row(self, values: Sequence[float]) -> tuple[float, ...]:
        """`answers` for one row of numbers, one per input, without arrays: the same bits."""
        return self._row(values)
