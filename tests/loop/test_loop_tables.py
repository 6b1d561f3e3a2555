"""Batches from and to tables of databases, and labels from them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from churn import COMPARED, DAY, HEAD, NOW, rows

from modelyard.api.project import Project
from modelyard.errors.connection import UnknownTable
from modelyard.errors.data import MissingColumn
from modelyard.frame.sql.read import Asked, scan
from modelyard.frame.sql.session import Session, opened
from modelyard.frame.sql.write import write
from modelyard.loop.batch import run_batches
from modelyard.loop.ship import ship
from modelyard.loop.tabled import take_labels
from modelyard.loop.watch import Watch
from modelyard.project.plan import Plan
from modelyard.run.engine import run
from modelyard.schema.connection import Connection, Server, Sqlite
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import all_records
from modelyard.store.tables import records

STEPS = """connections:
  - {connection}
steps:
  - {{use: read.sql, connection: crm, table: customers, types: {{left: boolean}}}}
  - {compared}
live:
  - {{use: deploy.service}}
  - {{use: deploy.batch, id: nightly, every: 1d, read: {{connection: crm, table: customers_now}},
     write: {{connection: crm, table: scores{mode}}}}}
  - {{use: monitor.performance, labels: {{connection: crm, table: outcomes, key: [key, seen], value: gone}}}}
"""


def put(database: Connection, table: str, frame: pl.DataFrame, mode: str = "replace") -> None:
    write(frame.lazy(), database, Path(), table, mode)


def got(database: Connection, table: str) -> pl.DataFrame:
    return scan(Asked(connection=database, folder=Path(), table=table, order=("id",))).collect()


def entry(database: Connection) -> str:
    fields: dict[str, Any] = {name: getattr(database, name) for name in type(database).__struct_fields__}
    if isinstance(database, Server):
        fields["password"] = "${CRM_PASSWORD}"
    return msgspec.json.encode({"kind": msgspec.inspect.type_info(type(database)).tag, **fields}).decode()


def file(connection: str, mode: str) -> str:
    return HEAD + STEPS.format(connection=connection, mode=mode, compared=COMPARED)


def plan(folder: Path, database: Connection, mode: str = "") -> Plan:
    (folder / "modelyard.yaml").write_text(file(entry(database), mode))
    put(database, "customers", rows(300, 1))
    put(database, "customers_now", rows(25, 2).drop("left"))
    return Project.load(folder).plan()


def test_the_loop_of_a_database(
    database: Connection, store: Store, metadata: Metadata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = database.password.reveal() if isinstance(database, Server) and database.password else "no secret"
    monkeypatch.setenv("CRM_PASSWORD", secret)
    planned = plan(tmp_path, database)
    run(planned, store, metadata, now=1, cores=1)
    done = run_batches(planned, store, metadata, NOW)
    assert [(one.rows, one.output) for one in done] == [(25, "crm:scores")]
    assert run_batches(planned, store, metadata, NOW + 1) == []
    out, source = got(database, "scores"), rows(25, 2)
    assert out["id"].to_list() == source["key"].to_list()
    assert out["scored"].unique().to_list() == [datetime(2023, 12, 9, tzinfo=UTC)]
    assert out["run"].unique().to_list() == ["nightly 2023-12-09T00:00:00Z"]
    assert {"prediction", "score_0", "score_1", "version", "warnings"} <= set(out.columns)
    assert ship(store, metadata).predictions == 25

    tables = Watch.of(planned).tables
    put(database, "outcomes", source.select("key", "seen", pl.col("left").alias("gone")).with_columns(
        gone=pl.when(pl.int_range(25) < 20).then("gone")))  # fmt: skip
    assert take_labels(store, metadata, "churn", tables[0]) == 20
    ship(store, metadata)
    assert take_labels(store, metadata, "churn", tables[0]) == 0
    kept = Lake(store.lake).scan("labels").collect()
    said = {row["id"]: msgspec.json.decode(row["values"]) for row in kept.iter_rows(named=True)}
    assert said == {key: {"left": left} for key, left in source.select("key", "left").head(20).iter_rows()}
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert secret.encode() not in path.read_bytes(), path


def test_labels_with_a_cursor_are_read_on_and_wait_for_their_rows(
    database: Connection, store: Store, metadata: Metadata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = database.password.reveal() if isinstance(database, Server) and database.password else "no secret"
    monkeypatch.setenv("CRM_PASSWORD", secret)
    planned = plan(tmp_path, database)
    run(planned, store, metadata, now=1, cores=1)
    table = msgspec.structs.replace(Watch.of(planned).tables[0], cursor="n")
    source = rows(25, 2).select("key", "seen", gone="left").with_row_index("n").cast({"n": pl.Int64})
    put(database, "outcomes", source.head(10))
    assert take_labels(store, metadata, "churn", table) == 0, "nothing was served yet"
    run_batches(planned, store, metadata, NOW)
    ship(store, metadata)
    arrived: list[int] = []
    with opened(database, Path()) as session:
        kind = type(session)
    batches = kind.batches

    def watched(self: Session, *asked: Any) -> Iterator[pl.DataFrame]:
        for part in batches(self, *asked):
            arrived.append(part.height)
            yield part

    monkeypatch.setattr(kind, "batches", watched)
    assert take_labels(store, metadata, "churn", table) == 10, "they were kept"
    assert sum(arrived) == 0
    put(database, "outcomes", source[10:14], "append")
    ship(store, metadata)
    assert take_labels(store, metadata, "churn", table) == 4
    assert sum(arrived) == 4
    ship(store, metadata)
    put(database, "outcomes", source[:1].with_columns(n=pl.lit(14, pl.Int64), gone=~pl.col("gone")), "append")
    put(database, "outcomes", source[20:21].with_columns(n=pl.lit(3, pl.Int64)), "append")
    assert take_labels(store, metadata, "churn", table) == 1, "a label that was corrected counts as it is last"
    with metadata.begin() as sql:
        said = [one.document["summary"] for one in all_records(sql, "churn") if one.kind == "labels"]
    assert len(said) == 1
    assert said[0].startswith("outcomes: 1 rows came late: up to n = 13 it has 15 rows, 14 were read")


@pytest.mark.parametrize(("mode", "again", "next_day"), [("append", 25, 50), ("upsert", 25, 25), ("replace", 25, 25)])
def test_a_run_that_is_done_again_takes_its_own_place(
    store: Store, metadata: Metadata, tmp_path: Path, mode: str, again: int, next_day: int
) -> None:
    lite = Sqlite(name="crm", path="crm.db")
    here = Sqlite(name="crm", path=str(tmp_path / "crm.db"))
    (tmp_path / "modelyard.yaml").write_text(file(entry(lite), f", mode: {mode}"))
    put(here, "customers", rows(300, 1))
    put(here, "customers_now", rows(25, 2).drop("left"))
    planned = Project.load(tmp_path).plan()
    run(planned, store, metadata, now=1, cores=1)
    run_batches(planned, store, metadata, NOW)
    with metadata.begin() as sql:
        sql.execute(records.delete().where(records.c.kind == "batch"))
    run_batches(planned, store, metadata, NOW)
    assert got(here, "scores").height == again
    run_batches(planned, store, metadata, NOW + DAY)
    assert got(here, "scores").height == next_day
    put(here, "customers_now", rows(25, 2).drop("left").head(0))
    run_batches(planned, store, metadata, NOW + 2 * DAY)
    assert got(here, "scores").height == (0 if mode == "replace" else next_day)


def test_a_key_that_no_row_was_sent_with_is_named(store: Store, metadata: Metadata, tmp_path: Path) -> None:
    here = Sqlite(name="crm", path=str(tmp_path / "crm.db"))
    planned = plan(tmp_path, here)
    run(planned, store, metadata, now=1, cores=1)
    run_batches(planned, store, metadata, NOW)
    ship(store, metadata)
    put(here, "outcomes", pl.DataFrame({"key": ["k2-000"], "town": ["Rome"], "gone": [True]}))
    asked = msgspec.structs.replace(Watch.of(planned).tables[0], key=("key", "town"))
    with pytest.raises(MissingColumn, match="'town', which no row was sent with"):
        take_labels(store, metadata, "churn", asked)


def test_a_table_that_is_not_there_is_named(store: Store, metadata: Metadata, tmp_path: Path) -> None:
    here = Sqlite(name="crm", path=str(tmp_path / "crm.db"))
    planned = plan(tmp_path, here)
    with pytest.raises(UnknownTable, match="no table 'outcomes'"):
        take_labels(store, metadata, "churn", Watch.of(planned).tables[0])
