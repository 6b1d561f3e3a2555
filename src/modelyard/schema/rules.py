"""Row rules of check.rules as plain data: the same rules in training and on each request."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from modelyard.schema.column import Kind
from modelyard.schema.expression import parse

Otherwise = Literal["stop", "warn", "quarantine"]


class ColumnRule(Struct, frozen=True, kw_only=True):
    """What one column's values must be. A None leaves that part unchecked.

    `stop` is a 422 (a stopped run), `warn` a warning in the answer (a counted line in the report), `quarantine` is
    answered, flagged and kept out of retraining."""

    column: str
    type: Kind | None = None
    min: float | None = None
    max: float | None = None
    nulls: bool | None = None
    """Whether a null is allowed."""
    categories: tuple[str, ...] | None = None
    learned: bool = False
    """Only categories that training rows had are allowed (`categories: learned`)."""
    regex: str | None = None
    """The whole value is written like this (rows/pattern.py has the grammar)."""
    expression: str | None = None
    """A condition over several columns that is true or null; `column` is the first that it names."""
    otherwise: Otherwise = "stop"

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it looks at."""
        return parse(self.expression).names if self.expression else (self.column,)
