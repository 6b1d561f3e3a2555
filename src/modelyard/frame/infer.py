"""Which kind a column of raw text is, found over a sample of it, and text made into that kind.

Why not polars' own inference while reading: it looks at cells one by one, some hundred times slower, and reads `007` as
the number 7. Here a leading zero in the sample says that the column is a code, not a number.
"""

from __future__ import annotations

import re

import polars as pl
from msgspec import Struct

from modelyard.frame.source import FALSE, TRUE
from modelyard.frame.zone import to_utc
from modelyard.schema.column import Kind

CODE, WHOLE_CODE = r"^[+-]?0\d", r"^[+-]?0\d+$"
MOMENT = r"^\d{4}-\d\d-\d\d([T ]\d|$)"
FIRST = 100
"""Values that tell of most columns what they are not."""
GUESSED: tuple[Kind, ...] = ("integer", "number", "boolean", "datetime")


class Marks(Struct, frozen=True):
    """How numbers are written: the decimal mark, and what stands between thousands ("" where nothing does)."""

    decimal: str = "."
    thousands: str = ""

    @property
    def plain(self) -> bool:
        return self == Marks()


def guessed(sample: pl.Series, marks: Marks) -> Kind:
    """The first kind that every value of the String column has; `category` where none fits or all are null.

    >>> [guessed(pl.Series(v), Marks()) for v in (["1", None], ["1", "2.5"], ["007"], ["True"], ["2013-01-01"])]
    ['integer', 'number', 'category', 'boolean', 'datetime']
    """
    if sample.null_count() == len(sample):
        return "category"
    return next((kind for kind in GUESSED if _is(sample, kind, marks)), "category")


def _is(sample: pl.Series, kind: Kind, marks: Marks) -> bool:
    if kind in ("integer", "number"):
        dtype = pl.Int64() if kind == "integer" else pl.Float64()
        for part in (sample.head(FIRST), sample):
            written = pointed(part, marks)
            if not fits(written.cast(dtype, strict=False), part):
                return False
        return not written.str.contains(CODE if kind == "integer" else WHOLE_CODE).any()
    if kind == "datetime" and not sample.drop_nulls().head(1).str.contains(MOMENT).all():
        return False
    if kind == "boolean" and not sample.drop_nulls().str.to_lowercase().is_in(["true", "false"]).all():
        return False
    return fits(made(sample, kind, marks, "UTC"), sample)


def fits(done: pl.Series, column: pl.Series) -> bool:
    return done.null_count() == column.null_count()


def made(column: pl.Series, kind: Kind, marks: Marks, zone: str, like: str | None = None) -> pl.Series:
    """The String column as that kind, null where a value is none of it. Datetimes in microseconds UTC; one without a
    zone is of `zone`. `like`: a datetime that says how all are written, where that is not the column's first."""
    if kind in ("category", "text"):
        return column
    if kind == "boolean":
        words: dict[str, bool] = {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}
        return column.str.strip_chars().str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)
    if kind == "datetime":
        return _moment(column, zone, like)
    written = pointed(column, marks)
    if kind == "number":
        return written.cast(pl.Float64, strict=False)
    whole = written.cast(pl.Int64, strict=False)
    if fits(whole, column):
        return whole
    number = written.cast(pl.Float64, strict=False)
    return whole.fill_null(number.set(number != number.floor(), None).cast(pl.Int64, strict=False))


def pointed(column: pl.Series, marks: Marks) -> pl.Series:
    """Numbers with a decimal point and nothing between thousands. With thousands marked, what is neither grouped right
    nor ungrouped is null: `1.5` is no number where `.` stands between thousands."""
    if marks.plain:
        return column
    if not marks.thousands:
        return column.str.replace(marks.decimal, ".", literal=True)
    decimal, mark = re.escape(marks.decimal), re.escape(marks.thousands)
    tail = rf"({decimal}\d*)?([eE][+-]?\d+)?$"
    number = column.str.contains(rf"^[+-]?\d{{1,3}}({mark}\d{{3}})+{tail}|^[+-]?\d*{tail}")
    written = column.str.replace_all(marks.thousands, "", literal=True).str.replace(marks.decimal, ".", literal=True)
    return written.set(~number, None)


def _moment(column: pl.Series, zone: str, like: str | None) -> pl.Series:
    """Each distinct text is parsed once: a column of times repeats itself. How they are written, polars finds in the
    first of them."""
    first = pl.Series(column.name, [] if like is None else [like], pl.String)
    distinct = first.append(column.drop_nulls()).unique(maintain_order=True)
    try:
        parsed = distinct.str.to_datetime(time_unit="us", strict=False)
    except pl.exceptions.ComputeError:
        parsed = pl.Series(distinct.name, [None] * len(distinct), pl.Datetime("us"))
    placed = to_utc(parsed, zone)
    codes = column.cast(pl.Enum(distinct)).to_physical()
    return placed.gather(codes).alias(column.name)
