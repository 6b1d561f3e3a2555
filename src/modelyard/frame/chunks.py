"""A file read in parts, with the columns as a contract wants them: a table of any size in constant memory.

In CSV everything is text, and what a column is comes from the contract, never from a guess on the rows at hand: `007`
stays a category, and a column that is empty in one part is no other type in the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from modelyard.errors.data import UnreadableTable
from modelyard.errors.serving import BadRows, Problem
from modelyard.frame.ipc import arrow
from modelyard.frame.source import FALSE, TRUE, chosen, first_line
from modelyard.frame.spooled import spooled
from modelyard.frame.suffixes import ARROW, EXCEL, JSON, PARQUET, named
from modelyard.frame.unpacked import unpacked
from modelyard.schema.column import Kind

NULL_WORDS = ("", "NA", "NaN", "null")
PART = 10_000
ROWS = 50_000
"""What is asked of polars at once."""


@contextmanager
def scanned(path: Path, kinds: Mapping[str, Kind], delimiter: str | None = None) -> Iterator[pl.LazyFrame]:
    """The file, those columns of it that are there, until the block ends. `delimiter`: of CSV, by default a comma, or a
    tab in a .tsv. What cannot be read in parts as it is (packed text, JSON, a workbook) is made into a plain file
    beside, part by part. Raises UnreadableTable."""
    name = named(path)
    if not path.is_file():
        raise UnreadableTable("there is no such file", where=str(path), way_out="Correct the path")
    with unpacked(path, name.packed) as plain:
        if name.suffix in (*JSON, *EXCEL):
            with spooled(plain, name.suffix, list(kinds), path) as rows:
                yield pl.scan_parquet(rows, glob=False)
        else:
            separator = delimiter or ("\t" if name.suffix == ".tsv" else ",")
            yield _only(_plain(plain, name.suffix, separator, path), kinds, path)


def _plain(file: Path, suffix: str, separator: str, path: Path) -> pl.LazyFrame:
    if suffix in PARQUET:
        return pl.scan_parquet(file, glob=False)
    if suffix in ARROW:
        return arrow(file, path)
    return pl.scan_csv(file, separator=separator, infer_schema=False, null_values=list(NULL_WORDS), glob=False)


def _only(frame: pl.LazyFrame, kinds: Mapping[str, Kind], path: Path) -> pl.LazyFrame:
    there = chosen(frame, None, str(path)).collect_schema()
    return frame.select([_read(name, there[name], kind) for name, kind in kinds.items() if name in there])


def _read(name: str, dtype: pl.DataType, kind: Kind) -> pl.Expr:
    """Numbers of a Parquet file that the contract calls words are words, as `types:` would make them."""
    if kind in ("category", "text") and (dtype.is_integer() or dtype in (pl.Categorical, pl.Enum)):
        return pl.col(name).cast(pl.String)
    return pl.col(name)


def height(frame: pl.LazyFrame, path: Path) -> int:
    """How many rows there are, for whoever shows progress."""
    try:
        return int(frame.select(pl.len()).collect(engine="streaming").item())
    except pl.exceptions.PolarsError as error:
        raise UnreadableTable(first_line(error), where=str(path)) from None


def parts(
    frame: pl.LazyFrame, kinds: Mapping[str, Kind], path: Path, decimal: str = "."
) -> Iterator[tuple[int, pl.DataFrame]]:
    """(position of the first row, at most 10,000 rows), in order. Raises UnreadableTable, and BadRows where a text is
    none of the column's kind."""
    start = 0
    try:
        for batch in frame.collect_batches(chunk_size=ROWS, maintain_order=True):
            for part in batch.iter_slices(PART):
                yield start, _typed(part, kinds, start, decimal)
                start += part.height
    except pl.exceptions.PolarsError as error:
        raise UnreadableTable(first_line(error), where=f"{path}, after row {start}") from None


def _typed(part: pl.DataFrame, kinds: Mapping[str, Kind], start: int, decimal: str) -> pl.DataFrame:
    made: list[pl.Series] = []
    problems: list[Problem] = []
    for series in part:
        kind = kinds[series.name]
        cast = _cast(series, kind, decimal) if series.dtype == pl.String else series
        wrong = (cast.is_null() & series.is_not_null()).arg_true()
        problems += [_problem(series, kind, int(row), start) for row in wrong[:20]]
        made.append(cast)
    if problems:
        first = problems[0]
        raise BadRows(first["found"], problems=problems[:20], where=f"row {first['row']}, {first['column']}")
    return pl.DataFrame(made)


def _cast(series: pl.Series, kind: Kind, decimal: str) -> pl.Series:
    """Text as the kind that it stands for; null where it does not. Times stay text: the reader of rows reads them."""
    if kind == "boolean":
        words: dict[str, bool] = {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}
        return series.str.strip_chars().str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)
    if kind in ("number", "integer"):
        pointed = series.str.replace(",", ".", literal=True) if decimal == "," else series
        return pointed.str.strip_chars().cast(pl.Float64, strict=False)
    return series


def _problem(series: pl.Series, kind: Kind, row: int, start: int) -> Problem:
    found = f"{series.name!r} must be a {kind}, not {series[row]!r}"
    return Problem(row=row + start, column=series.name, problem="wrong_type", found=found)


def kinds_of(fields: Sequence[tuple[str, Kind]], *more: str | None) -> dict[str, Kind]:
    """Fields, and columns that are only handed through (as they are)."""
    handed: dict[str, Kind] = {name: "text" for name in more if name}
    return {**handed, **dict(fields)}
