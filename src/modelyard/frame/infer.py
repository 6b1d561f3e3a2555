"""Which kind a column of raw text is: found over whole columns at once.

Why not polars' own inference while reading: it looks at cells one by one, some hundred times slower, and reads `007` as
the number 7. Here a leading zero says that it is a code, not a number.
"""

from __future__ import annotations

import polars as pl

from modelyard.errors.data import UnreadableTable

CODE = r"^[+-]?0\d"
MOMENT = r"^\d{4}-\d\d-\d\d([T ]\d|$)"
TRUTH = ("true", "false")


def inferred(raw: pl.DataFrame, rows: int, decimal_comma: bool, path: str, leave: frozenset[str]) -> pl.DataFrame:
    """Every String column but those of `leave` as Int64, Float64, Boolean, Datetime or, when none fits, String. Found
    in the first `rows` rows; a later value that does not fit raises UnreadableTable with its line."""
    return raw.with_columns(_typed(raw[name], rows, decimal_comma, path) for name in raw.columns if name not in leave)


def _typed(column: pl.Series, rows: int, decimal_comma: bool, path: str) -> pl.Series:
    if decimal_comma:
        pointed = column.str.replace(",", ".", literal=True)
        if _fits(_number(pointed.head(rows)), column.head(rows)):
            column = pointed
    head = column.head(rows)
    for cast in (_integer, _number, _boolean, _moment):
        made = cast(head)
        if made is not None and _fits(made, head):
            return _whole(column, cast(column), made, path)
    return column


def _fits(made: pl.Series | None, column: pl.Series) -> bool:
    return made is not None and column.null_count() < len(column) and made.null_count() == column.null_count()


def _whole(column: pl.Series, made: pl.Series | None, head: pl.Series, path: str) -> pl.Series:
    if made is not None and made.null_count() == column.null_count() and made.dtype == head.dtype:
        return made
    bad = (made.is_null() & column.is_not_null()).arg_max() if made is not None else None
    found = f"column {column.name!r} is {head.dtype} in its first {len(head)} rows"
    value = "" if bad is None else f", then {column[bad]!r}"
    where = path if bad is None else f"{path}, data row {bad + 1}"
    raise UnreadableTable(found + value, where=where, way_out="declare the column's kind under `types:`")


def _integer(column: pl.Series) -> pl.Series | None:
    if column.str.contains(CODE).any():
        return None
    return column.cast(pl.Int64, strict=False)


def _number(column: pl.Series) -> pl.Series | None:
    if column.str.contains(r"^[+-]?0\d+$").any():
        return None
    return column.cast(pl.Float64, strict=False)


def _boolean(column: pl.Series) -> pl.Series | None:
    lower = column.str.to_lowercase()
    return (lower == "true").set(~lower.is_in(TRUTH), None)


def _moment(column: pl.Series) -> pl.Series | None:
    first = column.drop_nulls().head(1)
    if not len(first) or not first.str.contains(MOMENT)[0]:
        return None
    try:
        return column.str.to_datetime(time_unit="us", strict=False)
    except pl.exceptions.ComputeError:
        return None
