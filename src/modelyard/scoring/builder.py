"""Writing a program: columns by name on the outside, registers inside."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn
from modelyard.schema.contract import Contract
from modelyard.schema.rules import ColumnRule
from modelyard.schema.target import Outcome
from modelyard.scoring.instructions import Decide, wholes
from modelyard.scoring.program import Gives, Program
from modelyard.scoring.words import AnyInstruction


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
        """The register that the next instruction writes."""
        return self.registers

    def add(self, word: AnyInstruction) -> int:
        """Append `word`, whatever its `into` says, at the next registers; returns the first, the others follow.

        Assigned here and not by the caller: in `add(Arith(into=next, a=add(…)))` the outer `next` is read too early."""
        placed = replace(word, into=self.registers)
        self.instructions.append(placed)
        self.registers += placed.width
        return placed.into

    def bind(self, name: str, register: int) -> None:
        """From here on, the column `name` is that register."""
        self.columns[name] = register

    def drop(self, names: Sequence[str]) -> None:
        for name in names:
            self.columns.pop(name, None)

    def limit(self, register: int, low: float, high: float) -> None:
        """Refuse requests whose number lies outside, where the register is a column as it came in."""
        if register < len(self.takes.fields) and self.takes.fields[register].kind != "category":
            rule = ColumnRule(column=self.takes.fields[register].name, min=low, max=high)
            self.takes = replace(self.takes, rules=(*self.takes.rules, rule))

    def score(self, registers: Sequence[int]) -> None:
        """The model's answer: one register per class (or one number)."""
        self.scores = tuple(registers)

    def finish(self, outcome: Outcome) -> Program:
        prediction = self.prediction
        if prediction is None:
            regression = outcome.task == "regression"
            prediction = self.scores[0] if regression else self.add(Decide(xs=wholes(self.scores), rule="argmax"))
        gives = Gives(outcome=outcome, scores=self.scores, prediction=prediction)
        return Program(self.takes, tuple(self.instructions), gives, self.registers)
