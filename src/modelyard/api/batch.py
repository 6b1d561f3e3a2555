"""A whole file predicted in constant memory: the same reader and program as the server's, part by part.

Nothing is logged: for predictions that are to be monitored there is the server, or deploy.batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from modelyard.api.package import Package
from modelyard.api.sniff import sniffed
from modelyard.errors.data import MissingColumn
from modelyard.errors.project import AlreadyThere

if TYPE_CHECKING:
    from polars import DataFrame

Told = Callable[[int, int], None]
"""Called with (rows done, rows in all)."""


class Batch(Struct, frozen=True, kw_only=True):
    """`warned`: rows with a warning. `output`: where the answers are."""

    package: str
    version: int | None
    digest: str
    rows: int
    warned: int
    output: str
    seconds: float


def predict_file(
    package: Package, source: Path, output: Path, *, delimiter: str | None = None, told: Told = lambda done, total: None
) -> Batch:
    """Predict `source` (any file that a read step reads) into `output` (CSV or Parquet): the id column (`row`, counted
    from 0, where there is none), `prediction`, `score[k]`, `warnings`. Without a `delimiter` that of a CSV file is
    found in its first lines. The output is there whole or not at all. Raises BadRows (naming row and column),
    MissingColumn, UnreadableTable."""
    from modelyard.frame.appended import appended
    from modelyard.frame.chunks import height, kinds_of, parts, scanned

    began = time.perf_counter()
    if output.exists() and source.exists() and output.samefile(source):
        raise AlreadyThere(f"{output} is what is read", who="predict", way_out="Name another file with -o")
    contract, id_ = package.contract, package.predictor.id
    kinds = kinds_of([(field.name, field.kind) for field in contract.fields], id_, contract.time)
    reading = sniffed(source)
    separator = delimiter or reading.get("delimiter")
    with scanned(source, kinds, None if separator is None else str(separator)) as frame:
        there = frame.collect_schema().names()
        _complete(package, there, source)
        total, done, warned = height(frame, source), 0, 0
        told(done, total)
        with appended(output) as out:
            for start, part in parts(frame, kinds, source, str(reading.get("decimal", "."))):
                answers = package.frame_part(part, start)
                out.add(_named(part, answers, id_, start))
                done, warned = start + part.height, warned + part.height - answers["warnings"].null_count()
                told(done, total)
            if not done:
                nothing = frame.collect()
                out.add(_named(nothing, package.frame_part(nothing), id_, 0))
    return Batch(
        package=package.name,
        version=package.version,
        digest=package.digest,
        rows=done,
        warned=warned,
        output=str(output),
        seconds=time.perf_counter() - began,
    )


def _complete(package: Package, there: list[str], source: Path) -> None:
    """A column that no row can do without is missed at once, with the file's own columns at hand."""
    missing = [field.name for field in package.contract.fields if not field.nullable and field.name not in there]
    if missing:
        found = f"{source} has no column {missing[0]!r}, which {package.name} reads"
        raise MissingColumn(found, who="predict", way_out=f"It reads: {', '.join(package.contract.names)}")


def _named(part: DataFrame, answers: DataFrame, id_: str | None, start: int) -> DataFrame:
    """The answers behind the rows' ids, or behind their numbers."""
    import polars as pl

    if id_ in part.columns:
        return answers.insert_column(0, part[id_])
    return answers.insert_column(0, pl.int_range(start, start + part.height, eager=True).alias("row"))
