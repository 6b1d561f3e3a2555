"""Columns of plain values (what JSON and spreadsheets hold), each made into one kind; what does not fit is found.

A column whose values are of several sorts is a category of their texts: `1` beside `"x"` is the word 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl
from msgspec import json

from modelyard.frame.infer import Marks, guessed, made
from modelyard.frame.zone import to_utc
from modelyard.schema.column import Kind

Value = None | bool | int | float | str | datetime | date | list["Value"] | dict[str, "Value"]
Column = Sequence[Value]
PLAIN: dict[Kind, tuple[set[type], pl.DataType]] = {
    "integer": ({int}, pl.Int64()),
    "number": ({int, float}, pl.Float64()),
    "boolean": ({bool}, pl.Boolean()),
    "category": ({str}, pl.String()),
    "text": ({str}, pl.String()),
    "datetime": ({datetime, date}, pl.Datetime("us")),
}
"""Per kind the sorts of value that need no reading, and what polars makes of them."""


def kind_of_values(values: Column) -> Kind:
    """The kind that all of them are; `category` where there is none.

    >>> [kind_of_values(v) for v in ([1, None], [1, 2.5], [True], ["2013-01-01"], ["7", 7], [None], [2**64])]
    ['integer', 'number', 'boolean', 'datetime', 'category', 'category', 'category']
    """
    sorts = {type(value) for value in values} - {type(None)}
    if not sorts or sorts <= {str}:
        texts = pl.Series([value for value in values if isinstance(value, str)], dtype=pl.String)
        return "datetime" if guessed(texts, Marks()) == "datetime" else "category"
    kinds: tuple[Kind, ...] = ("integer", "number", "boolean", "datetime")
    return next((kind for kind in kinds if sorts <= PLAIN[kind][0] and _holds(values, kind)), "category")


def _holds(values: Column, kind: Kind) -> bool:
    """Whole numbers of more than 64 bits stay words: as floats they would be others."""
    return kind not in ("integer", "number") or all(-(2**63) <= v < 2**63 for v in values if type(v) is int)


def series(name: str, values: Column, kind: Kind, zone: str) -> tuple[pl.Series, pl.Series]:
    """The column as that kind, and which rows hold a value that is none of it (null in the column).

    >>> made, wrong = series("a", [1, 2.0, "3", "x", None], "integer", "UTC")
    >>> made.to_list(), wrong.to_list()
    ([1, 2, 3, None, None], [False, False, False, True, False])
    """
    sorts, dtype = PLAIN[kind]
    there = pl.Series([value is not None for value in values], dtype=pl.Boolean)
    if {type(value) for value in values} - {type(None)} <= sorts and _holds(values, kind):
        plain = pl.Series(name, values, dtype, strict=False)
        done = to_utc(plain, zone) if kind == "datetime" else plain
    else:
        done = made(pl.Series(name, [text(value) for value in values], pl.String), kind, Marks(), zone)
    return done, done.is_null() & there


def text(value: Value) -> str | None:
    """A value as a word: strings as they are, times as ISO 8601, all else as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return json.encode(value).decode()
