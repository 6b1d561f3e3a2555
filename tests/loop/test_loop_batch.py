"""A batch is scored once per period, logged as a request is, and done again without a trace."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelyard.api.project import Project
from modelyard.errors.data import UnreadableTable
from modelyard.errors.serving import NotServing
from modelyard.loop.batch import BatchRun, run_batches
from modelyard.loop.ship import ship
from modelyard.project.plan import Plan
from modelyard.run.engine import run
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.tables import records

DAY = 86_400_000_000
NOW = 19_700 * DAY + 5
FILE = """modelyard: 1
name: churn
task: classification
target: {column: left, positive: true}
roles: {id: key}
steps:
  - {use: read.csv, path: rows.csv}
  - {use: evaluate.compare, candidates: [model.logistic_regression], split: {folds: 3}}
live:
  - {use: deploy.service, log: {without: [secret]}}
  - {use: deploy.batch, id: nightly, every: 1d, read: {path: now.csv}, write: {path: out.parquet}}
"""


def rows(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    return pl.DataFrame(
        {"key": [f"k{seed}-{i}" for i in range(n)], "a": a, "secret": rng.normal(size=n), "left": a > 0}
    )


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "modelyard.yaml").write_text(FILE)
    rows(300, 1).write_csv(tmp_path / "rows.csv")
    rows(25, 2).drop("left").write_csv(tmp_path / "now.csv")
    return Project.load(tmp_path).plan()


def done(plan: Plan, store: Store, metadata: Metadata, now: int = NOW) -> list[BatchRun]:
    return run_batches(plan, store, metadata, now)


def test_a_period_is_scored_once_and_every_row_is_in_the_lake(
    plan: Plan, store: Store, metadata: Metadata, tmp_path: Path
) -> None:
    run(plan, store, metadata, now=1, cores=1)
    first = done(plan, store, metadata)
    assert [(one.rows, one.period) for one in first] == [(25, 19_700 * DAY)]
    assert done(plan, store, metadata, NOW + 1000) == []
    out = pl.read_parquet(tmp_path / "out.parquet")
    source = pl.read_csv(tmp_path / "now.csv")
    assert out["id"].to_list() == source["key"].to_list()
    agree = (out["prediction"] == (source["a"] > 0)).mean()
    assert isinstance(agree, float)
    assert agree > 0.9
    assert (out["score[0]"] + out["score[1]"] - 1).abs().max() < 1e-12
    assert ship(store, metadata).predictions == 25
    logged = Lake(store.lake).scan("predictions").collect()
    assert sorted(logged["id"].to_list()) == sorted(source["key"].to_list())
    assert len(done(plan, store, metadata, NOW + DAY)) == 1


def test_a_run_that_was_killed_before_its_record_is_done_again_without_a_trace(
    plan: Plan, store: Store, metadata: Metadata, tmp_path: Path
) -> None:
    run(plan, store, metadata, now=1, cores=1)
    done(plan, store, metadata)
    output = (tmp_path / "out.parquet").read_bytes()
    ship(store, metadata)
    with metadata.begin() as sql:
        sql.execute(records.delete().where(records.c.kind == "batch"))
    assert len(done(plan, store, metadata)) == 1
    assert (tmp_path / "out.parquet").read_bytes() == output
    assert ship(store, metadata).predictions == 0
    assert Lake(store.lake).scan("predictions").collect().height == 25


def test_without_a_champion_the_batch_says_so(plan: Plan, store: Store, metadata: Metadata) -> None:
    with pytest.raises(NotServing, match="churn"):
        done(plan, store, metadata)


def test_a_row_that_breaks_the_contract_is_named_with_its_file(
    plan: Plan, store: Store, metadata: Metadata, tmp_path: Path
) -> None:
    run(plan, store, metadata, now=1, cores=1)
    (tmp_path / "now.csv").write_text("key,a,secret\nk1,,1\n")
    with pytest.raises(UnreadableTable, match=r"now\.csv"):
        done(plan, store, metadata)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("name", ["now.jsonl.gz", "now.xlsx"])
def test_a_packed_file_or_a_workbook_is_scored_as_the_same_rows_of_csv_are(
    store: Store, metadata: Metadata, tmp_path: Path, name: str
) -> None:
    now = rows(25, 2).drop("left").with_columns(pl.col("a", "secret").round(6))
    now.write_csv(tmp_path / "now.csv")
    if name.endswith(".xlsx"):
        now.write_excel(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(gzip.compress(now.write_ndjson().encode()))
    more = (
        FILE + f"  - {{use: deploy.batch, id: other, every: 1d, read: {{path: {name}}}, write: {{path: more.csv}}}}\n"
    )
    (tmp_path / "modelyard.yaml").write_text(more)
    rows(300, 1).write_csv(tmp_path / "rows.csv")
    plan = Project.load(tmp_path).plan()
    run(plan, store, metadata, now=1, cores=1)
    assert [one.rows for one in done(plan, store, metadata)] == [25, 25]
    scores = ["id", "prediction", "score[0]", "score[1]"]
    assert (
        pl.read_csv(tmp_path / "more.csv")
        .select(scores)
        .equals(pl.read_parquet(tmp_path / "out.parquet").select(scores))
    )
