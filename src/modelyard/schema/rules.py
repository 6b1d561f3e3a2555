"""Row rules of check.rules as plain data: the same rules in training and on each request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from modelyard.errors.data import WrongType
from modelyard.errors.project import BadParameter
from modelyard.schema.column import Kind
from modelyard.schema.duration import microseconds
from modelyard.schema.expression import parse
from modelyard.schema.schema import Schema

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

    def __str__(self) -> str:
        """The rule as a person would write it.

        >>> str(ColumnRule(column="age", min=0.0, nulls=False))
        'age: min 0.0, nulls false'
        """
        if self.expression:
            return self.expression
        said = {"type": self.type, "min": self.min, "max": self.max, "regex": self.regex}
        parts = [f"{word} {value}" for word, value in said.items() if value is not None]
        parts += [f"nulls {str(self.nulls).lower()}"] if self.nulls is not None else []
        parts += [f"one of {len(self.categories)} categories"] if self.categories is not None else []
        return f"{self.column}: {', '.join([*parts, *(['categories learned'] if self.learned else [])]) or 'there'}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it looks at."""
        return parse(self.expression).names if self.expression else (self.column,)


class _Whole(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="rule"):
    """A rule about all rows together: there is no row to keep out, so it stops or warns."""

    otherwise: Literal["stop", "warn"] = field(default="stop", name="else")


class RowCount(_Whole, frozen=True, kw_only=True, tag="rows"):
    """How many rows there are."""

    min: Annotated[int, Meta(ge=0)] = 1
    max: int | None = None

    def __post_init__(self) -> None:
        if self.max is not None and self.max < self.min:
            found = f"no table has at least {self.min} and at most {self.max} rows"
            raise BadParameter(found, way_out="Let min be the lesser")

    def __str__(self) -> str:
        return f"rows: at least {self.min}" + (f", at most {self.max}" if self.max is not None else "")


class NullShare(_Whole, frozen=True, kw_only=True, tag="null_share"):
    """At most this share (0 to 1) of a column is null."""

    column: str
    max: Annotated[float, Meta(ge=0, le=1)]

    def __str__(self) -> str:
        return f"null share of {self.column}: at most {self.max:g}"


class Unique(_Whole, frozen=True, kw_only=True, tag="unique"):
    """No two rows have the same values in these columns; rows with a null among them are let be."""

    columns: Annotated[tuple[str, ...], Meta(min_length=1)]

    def __str__(self) -> str:
        return f"unique: {', '.join(self.columns)}"


class Key(_Whole, frozen=True, kw_only=True, tag="key"):
    """No two rows have the same values in these columns, and none of them is null."""

    columns: Annotated[tuple[str, ...], Meta(min_length=1)]

    def __str__(self) -> str:
        return f"key: {', '.join(self.columns)}"


class Fresh(_Whole, frozen=True, kw_only=True, tag="fresh"):
    """The newest value of a datetime column is at most so long ago, and not in the future by more than that."""

    column: str
    within: str

    def __post_init__(self) -> None:
        microseconds(self.within)

    def __str__(self) -> str:
        return f"fresh: {self.column} within {self.within}"


TableRule = RowCount | NullShare | Unique | Key | Fresh


def columns_of(rule: TableRule) -> tuple[str, ...]:
    """The columns that it looks at."""
    if isinstance(rule, RowCount):
        return ()
    return rule.columns if isinstance(rule, Unique | Key) else (rule.column,)


def refuse_undated(rules: Iterable[TableRule], given: Schema, who: str) -> None:
    """Raises MissingColumn, and WrongType where `fresh` looks at a column that is no time."""
    for rule in rules:
        known = given.keep(columns_of(rule))
        if isinstance(rule, Fresh) and known[rule.column].kind != "datetime":
            raise WrongType(f"fresh: {rule.column!r} is a {known[rule.column].kind}, not a time", who=who)
