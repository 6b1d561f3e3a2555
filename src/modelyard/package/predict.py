"""Rows in, answers out: read by the server's own reader and scored by the same program, without HTTP and log.

Parts of 10,000 rows, so that memory does not grow with the table; errors count rows through the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from modelyard.errors.serving import BadRows, NoFiniteAnswer, Problem
from modelyard.package.model import Model
from modelyard.rows.notes import RowWarning
from modelyard.rows.reading import RowReader, Rows
from modelyard.rows.table import Floats
from modelyard.schema.target import Outcome
from modelyard.scoring.engine import Scorer

PART = 10_000
Record = dict[str, Any]


class Answers(Struct, frozen=True, eq=False):
    """`scores`: one array (n,) per class in sorted order (none for a regression); `predictions`: labels or numbers."""

    predictions: list[Any]
    scores: tuple[Floats, ...]
    warnings: Mapping[int, list[RowWarning]]
    ids: list[Any]


class Predictor:
    """A model made ready once. Rows are what the contract says; nothing is logged."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.contract = model.program.takes
        self._reader, self._scorer = RowReader(self.contract), Scorer(model.program)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at: inputs, id and time."""
        more = (name for name in (self._reader.id, self.contract.time) if name)
        return tuple(dict.fromkeys([*self.contract.names, *more]))

    @property
    def id(self) -> str | None:
        return self._reader.id

    def answer(self, records: Sequence[Record], start: int = 0) -> Answers:
        """Of one part, whose first row is row `start` of the whole. Raises BadRows, naming row and column."""
        _refuse_infinite(records, start)
        rows = self._read(records, start)
        *scores, predictions = self._scorer.answers(rows.inputs, rows.length) if rows.length else self._nothing()
        _refuse_overflow([*scores, predictions], start)
        return Answers(
            predictions=labelled(self.model.outcome, predictions),
            scores=tuple(scores) if self.model.outcome.task == "classification" else (),
            warnings=rows.warnings,
            ids=[record.get(self.id or "") for record in records],
        )

    def parts(self, records: Sequence[Record]) -> Iterator[tuple[int, Answers]]:
        for start in range(0, len(records), PART):
            yield start, self.answer(records[start : start + PART], start)

    def _read(self, records: Sequence[Record], start: int) -> Rows:
        try:
            return self._reader.read(records)
        except BadRows as error:
            raise _moved(error.problems, start) from None

    def _nothing(self) -> list[Floats]:
        return [np.empty(0) for _ in range(len(self.model.program.gives.scores) + 1)]


def labelled(outcome: Outcome, predictions: Floats) -> list[Any]:
    """Class codes as the classes themselves; numbers stay.

    >>> labelled(Outcome(task="classification", classes=("a", "b"), labels=("a", "b")), np.array([1.0, 0.0]))
    ['b', 'a']
    """
    if outcome.task == "regression":
        return list(predictions.tolist())
    labels = outcome.labels or outcome.classes
    return [labels[int(code)] for code in predictions.tolist()]


def _refuse_infinite(records: Sequence[Record], start: int) -> None:
    problems = [
        Problem(row=row, column=name, problem="not_finite", found=f"{name!r} is {value}, no finite number")
        for row, record in enumerate(records)
        for name, value in record.items()
        if type(value) is float and not math.isfinite(value)
    ]
    if problems:
        raise _moved(problems[:20], start)


def _refuse_overflow(answers: Sequence[Floats], start: int) -> None:
    bad = np.flatnonzero(~np.isfinite(np.sum(answers, axis=0)))
    if len(bad):
        row = int(bad[0]) + start
        raise NoFiniteAnswer(f"the model gives no finite number for row {row}", where=f"row {row}")


def _moved(problems: Sequence[Problem], start: int) -> BadRows:
    moved = [Problem(**{**problem, "row": problem["row"] + start}) for problem in problems]
    first = moved[0]
    return BadRows(first["found"], problems=moved, where=f"row {first['row']}, {first['column']}")
