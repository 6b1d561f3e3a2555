"""What every file source does: find the files, give columns their declared kinds, say what went wrong.

A file is read whole when its types must be checked: an error then names the file at once, not some later step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.frame.folder import in_folder
from modelyard.frame.schema import DTYPES, kind_of
from modelyard.frame.zone import to_utc, to_utc_expr
from modelyard.schema.column import Kind

TRUE, FALSE = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n")


def files(folder: Path, path: str, ends: Sequence[str] = ()) -> list[Path]:
    """The file, or the files of a glob or of a folder in the order of their names; relative paths start at `folder`.
    `ends`: of the names that are read in a folder. Raises UnreadableTable where there is none."""
    if "://" in path:
        way_out = "Write the store under `connections:`, and {connection: …, path: …} here: a URL can carry a key"
        raise UnreadableTable(f"{path.partition('://')[0]}:// is no file", where=str(folder), way_out=way_out)
    whole = folder / path
    if not any(mark in path for mark in "*?["):
        if whole.is_dir():
            return in_folder(whole, ends)
        if not whole.is_file():
            raise UnreadableTable(f"there is no file {path!r}", where=str(whole), way_out="correct `path:`")
        return [whole]
    start = Path(whole.anchor) if whole.is_absolute() else Path()
    found = sorted(file for file in start.glob(str(whole.relative_to(start))) if file.is_file())
    if not found:
        raise UnreadableTable(f"no file matches {path!r}", where=str(folder), way_out="correct `path:`")
    return found


def typed(frame: pl.LazyFrame, types: Mapping[str, Kind], zone: str) -> pl.LazyFrame:
    """Declared kinds cast, every datetime in microseconds UTC, polars categories as strings."""
    dtypes = frame.collect_schema()
    for name in types:
        if name not in dtypes:
            raise MissingColumn(f"`types:` names {name!r}", way_out=did_you_mean(name, dtypes))
    kinds = {name: types.get(name) or kind_of(dtype, name) for name, dtype in dtypes.items()}
    return frame.with_columns(_cast(name, dtypes[name], kind, zone) for name, kind in kinds.items())


def _cast(name: str, dtype: pl.DataType, kind: Kind, zone: str) -> pl.Expr:
    column = pl.col(name)
    if kind == "datetime":
        if dtype == pl.String:
            return column.map_batches(lambda words: moments(words, zone), DTYPES[kind])
        return to_utc_expr(column, dtype, zone)
    if kind == "boolean" and dtype == pl.String:
        words = {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}
        return column.str.strip_chars().str.to_lowercase().replace_strict(words, return_dtype=pl.Boolean)
    if dtype.is_integer() and kind in ("integer", "number"):
        return column if kind == "integer" else column.cast(pl.Float64)
    return column.cast(DTYPES[kind])


def moments(words: pl.Series, zone: str) -> pl.Series:
    """Words as moments, those without an offset in `zone`. On a Series, because lazily polars reads no offsets.

    >>> moments(pl.Series(["2013-01-01T10:00:00Z"]), "Europe/Berlin").dt.hour()[0]
    10
    >>> moments(pl.Series(["2013-01-01 10:00:00"]), "Europe/Berlin").dt.hour()[0]
    9
    """
    if words.null_count() == len(words):
        return words.cast(DTYPES["datetime"])
    return to_utc(words.str.to_datetime(time_unit="us"), zone)


def collected(frame: pl.LazyFrame, path: str, way_out: str = "") -> pl.DataFrame:
    """The frame, read; what polars finds wrong in it becomes UnreadableTable."""
    try:
        read = frame.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableTable(first_line(error), where=path, way_out=way_out) from None
    return read


def first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:300]


def chosen(frame: pl.LazyFrame, columns: tuple[str, ...] | None, path: str) -> pl.LazyFrame:
    """Only those columns, if any are named; a header that names a column twice is an error."""
    try:
        there = frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableTable(first_line(error), where=path) from None
    twice = [name for name in there if name.removesuffix(name[-1:]).endswith("_duplicated_")]
    if twice:
        raise UnreadableTable(f"the header names {twice[0].split('_duplicated_')[0]!r} twice", where=path)
    for name in columns or ():
        if name not in there:
            raise MissingColumn(f"no column {name!r}", where=path, way_out=did_you_mean(name, there))
    return frame if columns is None else frame.select(columns)
