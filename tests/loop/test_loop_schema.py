"""A retraining whose source is not what the champion learned from stops at the schema, and says so where it is looked.

The loop is the project's own, over its own log: rows as a server logs them, with their labels.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from modelyard.api.connection import Connection, connect
from modelyard.api.history import history
from modelyard.api.loop import looped, retrain
from modelyard.api.package import Package
from modelyard.api.project import Project
from modelyard.loop.turn import Turned
from modelyard.store.pointer import read_pointer
from modelyard.store.records import read_runs
from modelyard.store.segments import write_segment
from modelyard.store.versions import listed

DAY = 86_400_000_000
START = 15_000 * DAY
FILE = """modelyard: 1
name: shop
task: classification
target: {{column: good, positive: true}}
roles: {{id: key, time: at}}
notify: [{{to: "{url}", when: [retrain_failed]}}]
steps:
  - {{use: read.csv, path: t.csv}}
  - {{use: evaluate.compare, candidates: [model.logistic_regression], split: {{kind: time, folds: 2}}}}
live:
  - {{use: deploy.service, gate: {{better_than: champion}}}}
  - {{use: retrain.when, any: {{every: 20d}}, rows: {{from: both}}, at_most: 1 per 1d, promote: by_gate}}
"""


def rows(days: int, first: int, seed: int) -> pl.DataFrame:
    """Ten a day from the day START + first."""
    rng = np.random.default_rng(seed)
    n = days * 10
    a, town = rng.normal(size=n).round(3), rng.choice(["oslo", "rome"], n)
    at = START + first * DAY + np.arange(n) // 10 * DAY + np.arange(n) % 10
    good = a + (town == "rome") + rng.normal(scale=0.3, size=n) > 0.5
    made = {"key": [f"{seed}-{k}" for k in range(n)], "at": at, "a": a, "town": town, "good": good}
    return pl.DataFrame(made).with_columns(pl.col("at").cast(pl.Datetime("us", "UTC")))


def log(yard: Connection, folder: Path, name: str, days: int, first: int) -> None:
    """What a server writes of requests and of their labels."""
    package = Package.load("shop@champion", yard.store.root)
    table, lines = rows(days, first, first), list[bytes]()
    sent = table.drop("good").with_columns(pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")).to_dicts()
    answers = package.predictor.answer(sent)
    for k, row in enumerate(table.to_dicts()):
        event = int(table["at"].to_physical()[k])
        said: dict[str, Any] = {
            "kind": "prediction", "id": row["key"], "digest": hashlib.md5(row["key"].encode()).hexdigest(),
            "event": event, "received": event + 5, "package": package.digest, "revision": 1,
            "row": {"a": row["a"], "town": row["town"]}, "scores": [float(one[k]) for one in answers.scores],
            "prediction": answers.predictions[k], "warnings": [], "flagged": False,
        }  # fmt: skip
        label = {"kind": "label", "id": row["key"], "received": event + DAY, "values": {"good": row["good"]}}
        lines += [msgspec.json.encode(said), msgspec.json.encode(label)]
    write_segment(yard.store.segments, f"{name}-999999999-000001", lines)


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that keeps what it is told."""
    told: list[dict[str, Any]] = []

    class Kept(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Kept) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", told
        server.shutdown()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was run once and has answered for 25 days."""
    folder = tmp_path_factory.mktemp("made")
    rows(60, 0, 1).write_csv(folder / "t.csv")
    (folder / "modelyard.yaml").write_text(FILE.format(url="http://127.0.0.1:9/"))
    Project.load(folder).run(cores=1)
    with connect(folder / ".modelyard") as yard:
        log(yard, folder, "first", 25, 60)
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path, webhook: tuple[str, list[dict[str, Any]]]) -> Path:
    """A copy of it that tells the webhook."""
    folder = shutil.copytree(made, tmp_path / "shop")
    (folder / "modelyard.yaml").write_text(FILE.format(url=webhook[0]))
    return folder


def turn(folder: Path) -> Turned:
    """One turn of the project's loop, as `modelyard up` takes it."""
    project = Project.load(folder)
    with connect(folder / ".modelyard") as yard, looped(project, yard, 1) as ready:
        done = ready.loop.turn()
        ready.turned(done)
    return done


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("town", "'town' (category) is gone; 'city' (category) is new"),
        ("good", "'good' (boolean) is gone; 'city' (boolean) is new"),
    ],
)
def test_a_retraining_stops_at_the_schema_and_the_champion_serves_on(
    shop: Path, webhook: tuple[str, list[dict[str, Any]]], column: str, said: str
) -> None:
    before = read_pointer(shop / ".modelyard" / "pointer.json")
    rows(60, 0, 1).rename({column: "city"}).write_csv(shop / "t.csv")
    done = turn(shop)
    assert done.fired is not None
    (ended,) = done.outcomes
    assert (ended.run, ended.status, ended.version) == (done.fired.run, "failed", None)
    assert ended.reason.startswith("stopped at the schema: read.csv: the source is not what shop@1 learned from: ")
    assert said in ended.reason
    with connect(shop / ".modelyard") as yard:
        with yard.metadata.begin() as sql:
            assert len(listed(sql)) == 1
            kept = next(one for one in read_runs(sql) if one.id == ended.run)
        asked, stopped = [one.document for one in history(yard, "shop") if one.what == "decision"]
        assert (asked["retrain"], asked["run"]) == (True, ended.run)
        assert (stopped["retrain"], stopped["run"], stopped["reason"]) == (False, ended.run, ended.reason)
        assert kept.document["reason"] == ended.reason
    assert [said in msgspec.json.encode(message).decode() for message in webhook[1]] == [True]
    assert read_pointer(shop / ".modelyard" / "pointer.json") == before
    assert turn(shop).fired is None


def test_a_source_that_changes_while_the_loop_runs_is_seen_by_the_retraining(shop: Path) -> None:
    project = Project.load(shop)
    with connect(shop / ".modelyard") as yard, looped(project, yard, 1) as ready:
        rows(60, 0, 1).with_columns(pl.format("{} m", "a").alias("a")).write_csv(shop / "t.csv")
        (ended,) = ready.loop.turn().outcomes
    assert "'a' was number and is category" in ended.reason


def test_who_accepts_a_change_retrains_again_and_a_column_that_nobody_uses_stops_nothing(shop: Path) -> None:
    table = rows(60, 0, 1).drop("a")
    table.write_csv(shop / "t.csv")
    with connect(shop / ".modelyard") as yard:
        stopped = retrain(Project.load(shop), yard, "a test", 1).outcome
        assert stopped is not None
        assert "stopped at the schema" in stopped.reason
        assert Project.load(shop).run(cores=1, accept_schema=True).package.version == 2
        table.with_columns(day=pl.col("at").dt.date()).write_csv(shop / "t.csv")
        done = retrain(Project.load(shop), yard, "a test", 1).outcome
        assert done is not None
        assert (done.status, done.version) == ("refused", 3), done.reason
