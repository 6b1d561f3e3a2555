"""A source read on, one row in a hundred of it new, against reading all of it again: a million rows of ten columns of a
local PostgreSQL and of a SQLite file, and a hundred CSV files of ten thousand rows each, of which one is new;
interleaved, median of 3, by the clock. Both give all rows, and the digest that a version is pinned by. Reading on, that
is: the new rows, those kept from the disk with their bytes checked, and both written down. Needs Debian's postgresql.

Aim: 2 times as fast, of databases and of files.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import polars as pl

import databases
from modelyard.frame.arranged import count
from modelyard.frame.digest import scanned_digest
from modelyard.frame.sql.write import write
from modelyard.run.feed import StepFeed
from modelyard.run.kept import Kept
from modelyard.run.reading import read_on
from modelyard.schema.connection import Connections, Postgresql, Sqlite
from modelyard.step.context import Context
from modelyard.steps.read.csv import Csv
from modelyard.steps.read.sql import Sql
from modelyard.store.place import Store

ROWS, NEW, ROUNDS = 1_000_000, 10_000, 3


def rows(start: int, end: int) -> pl.DataFrame:
    n = pl.int_range(start, end, eager=True)
    at = (n * 31_000_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.DataFrame({"id": n}).with_columns(
        a=n % 977, b=n * 7919 % 100_003, c=n / 7.0, d=n.cast(pl.Float64).sqrt(),
        e=pl.when(n % 10 != 0).then((n + 1).cast(pl.Float64).log()), f="carrier " + (n % 16).cast(pl.String),
        g="tail " + (n % 4000).cast(pl.String), h=n % 3 == 0, k=at,
    )  # fmt: skip


def timed(work):
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def compare(name, step, ctx, grow) -> None:
    kept = Kept(Store(ctx.folder / f"{name}.yard").make())
    schema = step.peek(ctx)

    def on():
        return read_on(StepFeed(step, ctx, schema), kept, print)

    def again():
        frame = step.run(ctx).collect().lazy()
        return count(frame), scanned_digest(frame)

    on()
    ours, theirs, fresh = [], [], []
    for turn in range(ROUNDS):
        grow(ROWS + turn * NEW, ROWS + (turn + 1) * NEW)
        seconds, read = timed(on)
        ours.append(seconds)
        seconds, (height, digest) = timed(again)
        theirs.append(seconds)
        fresh.append(read.new)
        assert (read.pin.rows, read.pin.digest, read.new) == (height, digest, NEW)
    mine, whole = statistics.median(ours), statistics.median(theirs)
    print(f"{name}: read on {mine:.2f} s, all again {whole:.2f} s: {whole / mine:.1f} times as fast", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        server = databases.postgres.__wrapped__()
        host, port = next(server).rpartition("@")[2].split(":")
        known = {
            "postgresql": Postgresql(name="postgresql", host=host, port=int(port), database="postgres", user="yard"),
            "sqlite": Sqlite(name="sqlite", path=str(folder / "t.db")),
        }
        for name, connection in known.items():
            write(rows(0, ROWS).lazy(), connection, folder, "t", "replace")
            step = Sql(connection=name, table="t", cursor="id")

            def grow(start, end, connection=connection):
                write(rows(start, end).lazy(), connection, folder, "t", "append")

            compare(name, step, Context(folder=folder, connections=Connections({name: lambda c=connection: c})), grow)
        for start in range(0, ROWS, NEW):
            rows(start, start + NEW).write_csv(folder / f"day-{start:08}.csv")
        step = Csv(path="day-*.csv", cursor="id")

        def day(start, end):
            rows(start, end).write_csv(folder / f"day-{start:08}.csv")

        compare("csv", step, Context(folder=folder), day)
        server.close()


if __name__ == "__main__":
    main()
