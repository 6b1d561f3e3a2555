"""What is found while rows are read: problems, which stop, and warnings, which go into the answer."""

from __future__ import annotations

from typing import Any

from modelyard.errors.serving import BadRows, Problem

MOST_PROBLEMS = 20
NAN = float("nan")

RowWarning = dict[str, Any]
"""`{"warning": "unseen", "column": "carrier", "value": "ZZ"}`. `ignored` has `columns` instead. `unseen` may have
`like`, a category that differs from it only in case, width or blanks; `missing` may have one, too: such a key that was
sent. `read_as`: of `normalised` the category in Unicode's composed form, of `doubled_hour` and `skipped_hour` the
moment in UTC."""


class Notes:
    """What is wrong or odd about the rows being read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: dict[int, list[RowWarning]] = {}
        self.flagged: set[int] = set()

    def warn(self, row: int, warning: str, column: str, **more: object) -> None:
        self.warnings.setdefault(row, []).append({"warning": warning, "column": column, **more})

    def problem(self, row: int, column: str, problem: str, found: str) -> float:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(row=row, column=column, problem=problem, found=found))
        return NAN

    def stop(self) -> None:
        if self.problems:
            first = self.problems[0]
            raise BadRows(first["found"], problems=self.problems, where=f"row {first['row']}, {first['column']}")
