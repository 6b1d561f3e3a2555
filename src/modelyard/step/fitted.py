"""What learning takes and gives: a Batch in, a Fitted out, whose Learned is plain data that writes itself down."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.scoring.builder import ProgramBuilder

Oracle = Callable[[Table], Floats]
"""The library's own answer: the table before the step -> (n, k), one column per `Learned.writes` (for a model, one
per score). Lives only in the process that learned."""


class Batch(Struct, frozen=True, eq=False):
    """Rows to learn from. `y`: class index (0..K−1, sorted classes) or the number to predict, already transformed."""

    X: Table
    y: Floats | None = None
    weight: Floats | None = None
    group: Floats | None = None
    time: Floats | None = None


class Learned(Struct, frozen=True, kw_only=True, tag_field="use", eq=False):
    """What a step learned: plain data, no library object. Its tag is the tag of its step; it is cached as msgspec."""

    @property
    def writes(self) -> tuple[Field, ...]:
        """The columns it sets, with kind and (for codes) categories. A model writes none: it scores."""
        return ()

    @property
    def removes(self) -> tuple[str, ...]:
        """The columns that are gone after it."""
        return ()

    def emit(self, program: ProgramBuilder) -> None:
        raise NotImplementedError


class Fitted(Struct, frozen=True, eq=False):
    """`train` is given only by steps whose training rows differ from their replay (cross-fitted encoding, sampling):
    later steps of the same fold learn from it, nothing else sees it."""

    learned: Learned
    oracle: Oracle | None = None
    train: Batch | None = None
