"""A million rows of ten columns from a local PostgreSQL: read.sql against pandas.read_sql over psycopg, interleaved,
median of 3, by the clock (the server works beside us).

Aim: 4 times as fast. Both give the same values, as does the way without the native part. Needs Debian's postgresql.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import pandas as pd
import psycopg

import databases
from modelyard.frame.sql import copied
from modelyard.schema.connection import Connections, Postgresql
from modelyard.step.context import Context
from modelyard.steps.read.sql import Sql

ROWS = 1_000_000
TABLE = f"""CREATE TABLE t AS SELECT i AS id, i % 977 AS a, (i::bigint * 7919) % 100003 AS b, i / 7.0::float8 AS c,
  sqrt(i) AS d, CASE WHEN i % 10 = 0 THEN NULL ELSE ln(i + 1) END AS e, 'carrier ' || i % 16 AS f,
  'tail ' || i % 4000 AS g,
  i % 3 = 0 AS h, TIMESTAMPTZ '2013-01-01 00:00+00' + i * INTERVAL '31 seconds' AS k
  FROM generate_series(0, {ROWS - 1}) AS i"""


def timed(work):
    start, busy = time.perf_counter(), time.process_time()
    made = work()
    return (time.perf_counter() - start, time.process_time() - busy), made


def ratio(ours, theirs):
    mine, other = statistics.median(ours), statistics.median(theirs)
    return f"{other / mine:.1f} times pandas ({mine:.2f} s against {other:.2f} s)"


def main() -> None:
    server = databases.postgres.__wrapped__()
    url = next(server)
    with psycopg.connect(f"{url}/postgres", autocommit=True) as sql:
        sql.execute(TABLE)
        host, port = url.rpartition("@")[2].split(":")
        known = Postgresql(name="pg", host=host, port=int(port), database="postgres", user="yard")
        ctx = Context(connections=Connections({"pg": lambda: known}))
        step = Sql(connection="pg", table="t")
        warnings.simplefilter("ignore")
        ours, plain, theirs = [], [], []
        native = copied.native
        for _ in range(3):
            seconds, frame = timed(lambda: step.run(ctx).collect())
            ours.append(seconds)
            copied.native = None
            seconds, same = timed(lambda: step.run(ctx).collect())
            plain.append(seconds)
            copied.native = native
            assert frame.equals(same)
            seconds, pandas = timed(lambda: pd.read_sql("SELECT * FROM t", sql))
            theirs.append(seconds)
        for column in ("id", "a", "b", "c", "d", "f", "g", "h"):
            assert frame[column].to_list() == pandas[column].to_list(), column
        for name, runs in (("in binary", ours), ("as CSV, where the native part was not built", plain)):
            clock, busy = map(ratio, zip(*runs, strict=True), zip(*theirs, strict=True))
            print(f"PostgreSQL, {ROWS:,} rows × 10, {name}: {clock}; of processor, without the server's: {busy}")
    server.close()


main()
