"""Bounds of a cursor on real databases: the rows within them and no others, whatever a database thinks of its types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from modelyard.frame.bounded import bounded, mark
from modelyard.frame.sql.read import Asked, counted, scan
from modelyard.frame.sql.session import opened
from modelyard.frame.sql.write import write
from modelyard.schema.connection import Connection, Mariadb, Postgresql
from modelyard.schema.pin import Mark

N = 400


def rows() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    micros = rng.integers(0, 10**6, N).tolist()
    at = [datetime(2024, 3, 30, tzinfo=UTC) + timedelta(minutes=7 * k, microseconds=u) for k, u in enumerate(micros)]
    at = [at[0] if k % 9 == 0 else moment for k, moment in enumerate(at)]
    values = (rng.normal(size=N) * 10.0 ** rng.integers(-8, 8, N)).tolist()
    return pl.DataFrame(
        {
            "n": [None if k % 50 == 7 else int(v) for k, v in enumerate(rng.integers(-90, 90, N))],
            "v": [None if k % 60 == 7 else v for k, v in enumerate(values)],
            "at": pl.Series(
                [None if k % 70 == 7 else moment for k, moment in enumerate(at)], dtype=pl.Datetime("us", "UTC")
            ),
            "shown": pl.Series([moment.replace(tzinfo=None) for moment in at], dtype=pl.Datetime("us")),
        }
    )


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_rows_within_bounds_and_no_others(database: Connection, zone: str) -> None:
    write(rows().lazy(), database, Path(), "t", "replace")
    if isinstance(database, Postgresql | Mariadb):
        kind = "timestamp" if isinstance(database, Postgresql) else "DATETIME(6)"
        with opened(
            database, Path(), write=True
        ) as session:  # written as a moment: made a clock's time, without a zone
            column = session.quote("shown")
            change = f"ALTER COLUMN {column} TYPE" if isinstance(database, Postgresql) else f"MODIFY {column}"
            session.execute(f"ALTER TABLE t {change} {kind}")
    asked = Asked(connection=database, folder=Path(), table="t", zone=zone)
    whole = scan(asked).collect()
    assert whole.height == N
    rng = np.random.default_rng(4)
    for name in ("n", "v", "at", "shown"):
        known = whole.select(mark(name, whole.schema[name])).to_series().drop_nulls().sort().to_list()
        ends: list[tuple[Mark | None, Mark | None]] = [(None, None), (None, known[9]), (known[-9], None)]
        for _ in range(6):
            low, high = sorted(rng.integers(0, len(known), 2).tolist())
            ends.append((known[low], known[high]))
        for after, upto in ends:
            part = replace(asked, cursor=name, after=after, upto=upto)
            want = bounded(whole.lazy(), name, after, upto).collect()
            assert scan(part).collect().sort(pl.all()).equals(want.sort(pl.all())), (name, after, upto)
            assert counted(part) in (want.height, None)
            if name == "n":
                assert counted(part) == want.height


def test_a_part_can_be_asked_for_without_its_cursor(database: Connection) -> None:
    write(rows().lazy(), database, Path(), "t", "replace")
    part = scan(Asked(connection=database, folder=Path(), table="t", cursor="n", after=0, upto=50))
    want = rows().filter(pl.col("n") > 0, pl.col("n") <= 50)
    assert part.select("v").collect().height == want.height
    assert part.select("v").head(3).collect().height == 3
