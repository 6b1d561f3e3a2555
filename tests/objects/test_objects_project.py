"""A whole project over a bucket: planned, run, scored by batches from it and into it, no secret anywhere."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelyard.api.project import Project
from modelyard.errors.connection import MissingObject
from modelyard.errors.project import BadParameter
from modelyard.loop.batch import run_batches
from modelyard.objects.bucket import Bucket
from modelyard.run.engine import run
from modelyard.schema.object_store import S3
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from object_stores import KEY, SECRET, Seaweed

DAY = 86_400_000_000
NOW = 19_700 * DAY + 5
FILE = """modelyard: 1
name: churn
task: classification
target: {{column: left, positive: true}}
roles: {{id: key}}
connections:
  - {{name: lake, kind: s3, bucket: {bucket}, prefix: raw, endpoint: "{api}", allow_http: true,
     access_key: {key}, secret_key: "${{LAKE_SECRET}}"}}
steps:
  - {{use: read.csv, connection: lake, path: "rows-*.csv"}}
  - {{use: evaluate.compare, candidates: [model.logistic_regression], split: {{folds: 3}}}}
live:
  - {{use: deploy.service}}
  - {{use: deploy.batch, id: nightly, every: 1d, read: {{connection: lake, path: now.csv}},
     write: {{connection: lake, path: out/scores.{end}}}}}
"""


def rows(n: int, seed: int) -> pl.DataFrame:
    a = np.random.default_rng(seed).normal(size=n)
    return pl.DataFrame({"key": [f"k{seed}-{i}" for i in range(n)], "a": a, "left": a > 0})


@pytest.fixture
def lake(seaweed: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3:
    """A bucket with what the project reads, and the project beside it."""
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    connection = seaweed.connection(prefix="raw")
    for key, table in {
        "rows-1.csv": rows(200, 1),
        "rows-2.csv": rows(100, 2),
        "now.csv": rows(25, 3).drop("left"),
    }.items():
        Bucket(connection).put_absent(key, table.write_csv().encode())
    return connection


def project(lake: S3, folder: Path, end: str = "parquet") -> Project:
    folder.mkdir(exist_ok=True)
    text = FILE.format(bucket=lake.bucket, api=lake.endpoint, key=KEY, end=end)
    (folder / "modelyard.yaml").write_text(text)
    return Project.load(folder)


@pytest.mark.parametrize("end", ["parquet", "csv"])
def test_batches_read_an_object_and_leave_one_and_no_file_holds_the_secret(lake: S3, tmp_path: Path, end: str) -> None:
    plan = project(lake, tmp_path / "churn", end).plan()
    store = Store(tmp_path / "churn/.modelyard").make()
    with Metadata(store.metadata_url) as metadata:
        result = run(plan, store, metadata, now=1, cores=1)
        assert result.rows == 300
        (made,) = run_batches(plan, store, metadata, NOW)
        assert (made.rows, made.output) == (25, f"lake:out/scores.{end}")
        assert run_batches(plan, store, metadata, NOW + 1000) == []
    out = Bucket(lake).read(f"out/scores.{end}")
    scored = pl.read_parquet(out) if end == "parquet" else pl.read_csv(out)
    assert scored["id"].to_list() == rows(25, 3)["key"].to_list()
    held = [file for file in (tmp_path / "churn").rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert held == []


def test_an_object_that_is_not_there_stops_the_plan_with_its_line(lake: S3, tmp_path: Path) -> None:
    folder = tmp_path / "churn"
    project(lake, folder)
    file = folder / "modelyard.yaml"
    file.write_text(file.read_text().replace("rows-*.csv", "row-*.csv"))
    with pytest.raises(MissingObject, match=r"no object matches 'row-\*\.csv'") as found:
        Project.load(folder).plan()
    assert "modelyard.yaml:10" in found.value.where


def test_a_secret_written_in_the_file_is_refused_with_the_line_to_write(lake: S3, tmp_path: Path) -> None:
    folder = tmp_path / "churn"
    project(lake, folder)
    file = folder / "modelyard.yaml"
    file.write_text(file.read_text().replace('"${LAKE_SECRET}"', "hunter2"))
    with pytest.raises(BadParameter, match="`secret_key:` is written in the file") as found:
        Project.load(folder)
    assert "hunter2" not in str(found.value)
    assert "${LAKE_SECRET_KEY}" in str(found.value)
