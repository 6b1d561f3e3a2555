"""What is predicted, and what is known of it when."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Task = Literal["classification", "regression"]
Transform = Literal["log1p", "log", "sqrt"]


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`target:` of the project file.

    `positive` names the class that scores are about. `known_after` is how late the truth arrives: younger rows never
    train, test or score. `until_then: unknown` says that a younger row's value is not to be believed. A target made by
    `table.derive` (`late: arr_delay > 15`) turns its parents into label columns: see LabelRule."""

    column: str
    positive: Any = None
    known_after: str | None = None
    until_then: Literal["unknown"] | None = None
    transform: Transform | None = None


class LabelRule(Struct, frozen=True, kw_only=True):
    """How late columns become the label: `expression` over `parents` (`arr_delay > 15`). Without an expression the one
    parent is the label itself. Stored with the model, so that raw truths sent to it are turned the same way."""

    parents: tuple[str, ...]
    expression: str | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What a model answers: for classification `classes` in sorted order (their position is the code in `y`)."""

    task: Task
    classes: tuple[str, ...] = ()
    labels: tuple[Any, ...] = ()
    """The classes as the table holds them (True, 3, "late"), in the same order."""
    positive: int | None = None
    """Index of the positive class in a binary task."""

    @property
    def scores(self) -> int:
        return len(self.classes) or 1
