"""Writing a program: columns by name on the outside, registers inside."""

from __future__ import annotations

from collections.abc import Sequence

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn
from modelyard.schema.contract import Contract
from modelyard.schema.target import Outcome
from modelyard.scoring.instructions import AnyInstruction, Decide, wholes
from modelyard.scoring.program import Gives, Program


class ProgramBuilder:
    """What a Learned writes itself into. A name always means the column's latest value; setting a name rebinds it."""

    def __init__(self, takes: Contract) -> None:
        self.takes = takes
        self.instructions: list[AnyInstruction] = []
        self.registers = len(takes.fields)
        self.columns: dict[str, int] = {name: place for place, name in enumerate(takes.names)}
        self.scores: tuple[int, ...] = ()
        self.prediction: int | None = None

    def register(self, name: str) -> int:
        try:
            return self.columns[name]
        except KeyError:
            raise MissingColumn(
                f"no column {name!r} in the program", way_out=did_you_mean(name, self.columns)
            ) from None

    @property
    def next(self) -> int:
        """The register that the next instruction writes: its `into`."""
        return self.registers

    def add(self, word: AnyInstruction) -> int:
        """Append `word` (made with `into=builder.next`); returns the first register it writes, the others follow."""
        self.instructions.append(word)
        self.registers += word.width
        return word.into

    def bind(self, name: str, register: int) -> None:
        """From here on, the column `name` is that register."""
        self.columns[name] = register

    def drop(self, names: Sequence[str]) -> None:
        for name in names:
            self.columns.pop(name, None)

    def score(self, registers: Sequence[int]) -> None:
        """The model's answer: one register per class (or one number)."""
        self.scores = tuple(registers)

    def finish(self, outcome: Outcome) -> Program:
        prediction = self.prediction
        if prediction is None:
            regression = outcome.task == "regression"
            prediction = (
                self.scores[0]
                if regression
                else self.add(Decide(into=self.next, xs=wholes(self.scores), rule="argmax"))
            )
        gives = Gives(outcome=outcome, scores=self.scores, prediction=prediction)
        return Program(self.takes, tuple(self.instructions), gives, self.registers)
