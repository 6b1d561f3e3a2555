"""What a request must carry: exactly the columns that the program reads."""

from __future__ import annotations

from msgspec import Struct

from modelyard.schema.column import Kind
from modelyard.schema.rules import ColumnRule


class Field(Struct, frozen=True, kw_only=True):
    """One input column. `categories` are the values seen in training, sorted: a value's code is its rank, −1 is
    unseen, NaN is null. `nullable`: training rows had nulls, so a missing key is a null with a warning, else 422."""

    name: str
    kind: Kind
    nullable: bool = True
    categories: tuple[str, ...] = ()
    zone: str | None = None
    """What a naive timestamp means (IANA name); None refuses naive timestamps."""


class Contract(Struct, frozen=True):
    fields: tuple[Field, ...]
    rules: tuple[ColumnRule, ...] = ()
    id: str | None = None
    """The column that names a row (`roles.id`): read from the record when there, for the log; never an input."""
    time: str | None = None
    """The column that says when it happened (`roles.time`): event time of the log, else the receive time."""
    zone: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)
