"""A retraining reads its sources once: killed by the system at any of its steps, it goes on over the same rows,
whatever came to the source meanwhile."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl
import pytest
from sqlalchemy import select

from modelyard.api.connection import Connection, connect
from modelyard.api.data_kept import prune
from modelyard.api.forget import forget
from modelyard.api.loop import looped
from modelyard.api.package import Package
from modelyard.api.project import Project
from modelyard.frame.sql.write import write
from modelyard.loop.turn import Turned
from modelyard.run.kept import Kept
from modelyard.run.referred import under_way
from modelyard.schema.connection import Sqlite
from modelyard.store.blobs import Blobs
from modelyard.store.metadata import set_setting
from modelyard.store.packages import open_package
from modelyard.store.records import all_records
from modelyard.store.segments import write_segment
from modelyard.store.tables import versions

DAY = 86_400_000_000
START = 15_000 * DAY
FILE = """modelyard: 1
name: shop
task: classification
target: {column: good, positive: true}
roles: {id: key, time: at}
connections:
  - {name: crm, kind: sqlite, path: crm.db}
steps:
  - {use: read.sql, connection: crm, table: orders, cursor: n, id: orders}
  - {use: table.select, columns: [key, at, a, good]}
  - {use: evaluate.compare, candidates: [model.logistic_regression], split: {kind: time, folds: 2}}
live:
  - {use: deploy.service, gate: {better_than: champion}}
  - {use: retrain.when, any: {every: 20d}, rows: {from: source}, at_most: 1 per 1d, promote: by_gate}
"""


def rows(first: int, end: int) -> pl.DataFrame:
    """Ten a day, numbered."""
    n = np.arange(first, end)
    a = np.random.default_rng(first).normal(size=len(n)).round(3)
    made = {"n": n, "key": [f"customer-{k:05}" for k in n], "at": START + n // 10 * DAY + n % 10, "a": a, "good": a > 0}
    return pl.DataFrame(made).with_columns(pl.col("at").cast(pl.Datetime("us", "UTC")))


def put(folder: Path, frame: pl.DataFrame, mode: Literal["append", "replace"] = "append") -> None:
    write(frame.lazy(), Sqlite(name="crm", path=str(folder / "crm.db")), Path(), "orders", mode)


def log(yard: Connection, days: int, first: int) -> None:
    """What a server writes of requests and of their labels."""
    package, table, lines = Package.load("shop@champion", yard.store.root), rows(10 * first, 10 * (first + days)), []
    answers = package.predictor.answer(table.select("a").to_dicts())
    for k, row in enumerate(table.to_dicts()):
        event = int(table["at"].to_physical()[k])
        said: dict[str, Any] = {
            "kind": "prediction", "id": row["key"], "digest": hashlib.md5(row["key"].encode()).hexdigest(),
            "event": event, "received": event + 5, "package": package.digest, "revision": 1, "row": {"a": row["a"]},
            "scores": [float(one[k]) for one in answers.scores], "prediction": answers.predictions[k], "warnings": [],
            "flagged": False,
        }  # fmt: skip
        label = {"kind": "label", "id": row["key"], "received": event + DAY, "values": {"good": row["good"]}}
        lines += [msgspec.json.encode(said), msgspec.json.encode(label)]
    write_segment(yard.store.segments, "log-999999999-000001", lines)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was run once, has answered for 25 days, and whose source has grown since."""
    folder = tmp_path_factory.mktemp("made")
    put(folder, rows(0, 600), "replace")
    (folder / "modelyard.yaml").write_text(FILE)
    Project.load(folder).run(cores=1)
    with connect(folder / ".modelyard") as yard:
        log(yard, 25, 60)
    put(folder, rows(600, 700))
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "shop")


def turn(folder: Path) -> Turned:
    project = Project.load(folder)
    with connect(folder / ".modelyard") as yard, looped(project, yard, cores=1) as ready:
        return ready.loop.turn()


DIES = """
import os, signal, sys
from pathlib import Path
from modelyard.api.connection import connect
from modelyard.api.loop import looped
from modelyard.api.project import Project
from modelyard.loop import retrain, training
def die(*words, **named):
    os.kill(os.getpid(), signal.SIGKILL)
where, folder = sys.argv[1], Path(sys.argv[2])
if where == "before training":
    training.challenger = die
else:
    retrain.Retraining.register = die
project = Project.load(folder)
with connect(folder / ".modelyard") as yard, looped(project, yard, cores=1) as ready:
    ready.loop.turn()
"""


def killed(folder: Path, where: str) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, where, str(folder)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def registered(folder: Path) -> list[str]:
    with connect(folder / ".modelyard") as yard, yard.metadata.begin() as sql:
        return list(sql.execute(select(versions.c.digest).order_by(versions.c.version)).scalars())


@pytest.fixture(scope="module")
def undisturbed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = shutil.copytree(made, tmp_path_factory.mktemp("undisturbed") / "shop")
    (outcome,) = turn(folder).outcomes
    assert outcome.version == 2, outcome.reason
    return registered(folder)


@pytest.mark.parametrize("where", ["before training", "before registering"])
def test_killed_anywhere_it_learns_from_what_it_had_read(shop: Path, where: str, undisturbed: list[str]) -> None:
    killed(shop, where)
    put(shop, rows(700, 800))
    (outcome,) = turn(shop).outcomes
    assert outcome.version == 2, outcome.reason
    assert registered(shop) == undisturbed, "to the byte what it is when nothing disturbs it"
    assert len(os.listdir(shop / ".modelyard/blobs/packages")) == 2
    with connect(shop / ".modelyard") as yard:
        read = open_package(yard.store, registered(shop)[1]).evidence.lineage.input
        assert read is not None
        assert read.sources["orders"].rows == 700
        with yard.metadata.begin() as sql:
            assert under_way(sql) == set()


def test_what_a_killed_retraining_read_stays_and_where_columns_changed_it_ends_with_a_sentence(shop: Path) -> None:
    killed(shop, "before training")
    put(shop, rows(700, 800))
    project = Project.load(shop)
    project.run(cores=1)
    assert prune(project, before=2e9).done
    with connect(shop / ".modelyard") as yard, yard.metadata.begin() as sql:
        (told,) = [one.document["sources"] for one in all_records(sql) if one.kind == "gathered"]
    assert Kept(yard.store).rows(Kept(yard.store).version(told["orders"])).height == 700
    with closing(sqlite3.connect(shop / "crm.db")) as crm:
        crm.execute("ALTER TABLE orders ADD COLUMN extra INTEGER")
    (outcome,) = turn(shop).outcomes
    assert outcome.status == "failed"
    assert "the columns of 'orders' are others now than when it was read for this run" in outcome.reason


SLOW = """
import sys, time
from pathlib import Path
from modelyard.api.connection import connect
from modelyard.api.loop import looped
from modelyard.api.project import Project
from modelyard.loop import training
learn = training.challenger
def challenger(*words, **named):
    print("training", flush=True)
    time.sleep(1.5)
    return learn(*words, **named)
training.challenger = challenger
folder = Path(sys.argv[1])
with connect(folder / ".modelyard") as yard, looped(Project.load(folder), yard, cores=1) as ready:
    print(*[one.version for one in ready.loop.turn().outcomes])
"""


def test_forgetting_waits_for_a_retraining_and_leaves_nothing_behind_it(shop: Path) -> None:
    """The retraining is a process of its own, in the midst of its training."""
    with subprocess.Popen([sys.executable, "-c", SLOW, str(shop)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "training\n"
        with connect(shop / ".modelyard") as yard:
            began = time.monotonic()
            assert forget(yard, ["customer-00650"]).rows > 0
            assert time.monotonic() - began > 1
            assert process.stdout.readline() == "2\n"
            version = registered(shop)[1]
            read = open_package(yard.store, version).evidence.lineage.input
            assert read is not None
            kept, pin = Kept(yard.store), read.sources["orders"]
            reading = kept.version(pin.version)
            assert (pin.rows, kept.rows(reading).height, kept.forgotten(reading)) == (700, 699, 1)
    for path in (shop / ".modelyard").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            text = pl.read_parquet(path).write_ndjson().encode() if content[:4] == b"PAR1" else b""
            assert b"customer-00650" not in content + text, path


def test_the_loop_deletes_once_a_day_what_nothing_refers_to(shop: Path) -> None:
    """A day after it was written, by the clock of the machine: here the files are made to look older."""
    turn(shop)
    blobs = Blobs(shop / ".modelyard/blobs")
    nobodys = blobs.put(pl.DataFrame({"n": [1]}).write_json().encode())
    two_days_ago = time.time() - 2 * 86_400
    for digest in blobs:
        os.utime(blobs.path(digest), (two_days_ago, two_days_ago))
    young = blobs.put(b"written just now")
    known = set(blobs)
    with connect(shop / ".modelyard") as yard:
        turn(shop)
        assert set(blobs) == known, "once a day"
        with yard.metadata.begin() as sql:
            set_setting(sql, "kept/shop", "")
        turn(shop)
        assert set(blobs) == known - {nobodys}
        assert young in blobs
        for digest in registered(shop):
            read = open_package(yard.store, digest).evidence.lineage.input
            assert read is not None
            kept = Kept(yard.store)
            assert kept.rows(kept.version(read.sources["orders"].version)).height == read.sources["orders"].rows


def test_what_is_forgotten_between_its_steps_is_not_learned_from(shop: Path) -> None:
    killed(shop, "before training")
    with connect(shop / ".modelyard") as yard:
        assert forget(yard, ["customer-00650"]).rows > 0
    (outcome,) = turn(shop).outcomes
    assert outcome.version == 2, outcome.reason
    with connect(shop / ".modelyard") as yard:
        read = open_package(yard.store, registered(shop)[1]).evidence.lineage.input
    assert read is not None
    assert read.sources["orders"].rows == 699
