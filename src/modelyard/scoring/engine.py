"""Running a program: the native kernel where it was built, else numpy. Same bits either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from modelyard.errors.scoring import MalformedProgram
from modelyard.rows.table import Floats, Table, Values
from modelyard.scoring import native
from modelyard.scoring.interpreter import interpret
from modelyard.scoring.program import Program
from modelyard.scoring.stage import BLOCK, Given, TextStage
from modelyard.scoring.text_instructions import TextInstruction
from modelyard.scoring.verify import verify
from modelyard.scoring.words import AnyInstruction

Run = Callable[[Sequence[Values], int], list[Floats]]
Row = Callable[[Given], tuple[float, ...]]


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
    instructions: Sequence[AnyInstruction], width: int, registers: int, wanted: Sequence[int], texts: bool = False
) -> tuple[Run, Row]:
    """The program checked, and the interpreter for it chosen: once, whether it then runs once or a million times.

    `texts`: there are inputs of text, read or not."""
    if texts or any(isinstance(word, TextInstruction) for word in instructions):
        verify(instructions, width, registers, wanted)
        return _in_two_stages(TextStage(instructions, width, wanted), len(wanted))
    if native.available():
        kernel = native.Kernel(instructions, width, registers, wanted)
        return kernel.run, kernel.row
    verify(instructions, width, registers, wanted)

    def run(inputs: Sequence[Values], length: int) -> list[Floats]:
        filled = interpret(instructions, inputs, registers, length)
        return [filled[register] for register in wanted]

    def row(values: Given) -> tuple[float, ...]:
        return tuple(float(column[0]) for column in run([np.array([value], dtype=np.float64) for value in values], 1))

    return run, row


def _texts_are_text(program: Program) -> None:
    for place, word in enumerate(program.instructions):
        if isinstance(word, TextInstruction) and not (
            0 <= word.x < len(kinds := program.takes.fields) and kinds[word.x].kind == "text"
        ):
            raise MalformedProgram("a word over text reads another column", where=f"instructions[{place}]")


def _in_two_stages(stage: TextStage, answers: int) -> tuple[Run, Row]:
    numeric = stage.numeric
    numbers, one = _made_ready(numeric.instructions, numeric.inputs, numeric.registers, numeric.wanted)

    def run(inputs: Sequence[Values], length: int) -> list[Floats]:
        out = np.empty((answers, length))
        for start in range(0, length, BLOCK):
            stop = min(start + BLOCK, length)
            for place, values in enumerate(numbers(stage.columns(inputs, start, stop), stop - start)):
                out[place, start:stop] = values
        return list(out)

    return run, lambda values: one(stage.row(values))


class Scorer:
    """A program made ready to answer: flattened once, then run on any number of rows."""

    def __init__(self, program: Program) -> None:
        self.program = program
        wanted = (*program.gives.scores, program.gives.prediction)
        width = len(program.takes.fields)
        _texts_are_text(program)
        texts = any(field.kind == "text" for field in program.takes.fields)
        self._run, self._row = _made_ready(program.instructions, width, program.registers, wanted, texts)

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

    def row(self, values: Given) -> tuple[float, ...]:
        """`answers` for one row of numbers (and texts), one per input, without arrays: the same bits."""
        return self._row(values)
