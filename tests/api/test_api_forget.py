"""Forgetting an id: nowhere below the store any more, and every version still explains itself."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest

from modelyard.api.connection import connect
from modelyard.api.data import Versions
from modelyard.api.data_kept import prune
from modelyard.api.forget import forget
from modelyard.api.project import Project
from modelyard.errors.store import Forgotten, StoreInUse, UnknownSnapshot
from modelyard.frame.holding import holds
from modelyard.frame.sql.read import Asked
from modelyard.frame.sql.write import write
from modelyard.loop.label_feed import LabelFeed
from modelyard.run.forgotten import forget_kept
from modelyard.run.kept import Kept
from modelyard.run.reading import read_on
from modelyard.schema.connection import Sqlite
from modelyard.store.audit import entries, verify
from modelyard.store.in_use import in_use
from modelyard.store.place import Store
from modelyard.store.records import read_runs

SECRET, NOTE = "person-7731", "rue-des-lilas-12"
FILE = """modelyard: 1
name: churn
task: classification
target: {column: left, positive: true}
roles: {id: id, ignore: [note]}
connections:
  - {name: crm, kind: sqlite, path: crm.db}
steps:
  - {use: read.csv, path: "in/*.csv*", id: calls}
  - {use: read.sql, connection: crm, table: orders, cursor: n, id: orders}
  - {use: table.join, after: {left: calls, right: orders}, by: [id], how: left, matches: many,
     at_serving: from_request}
  - {use: table.drop_duplicates, by: [id]}
  - {use: evaluate.compare, candidates: [model.logistic_regression], split: {kind: kfold, folds: 2}}
"""


def people(start: int, end: int) -> list[str]:
    return [f"person-{k:04}" for k in range(start, end)]


def calls(start: int, end: int) -> pl.DataFrame:
    rng = np.random.default_rng(start)
    left = [k % 3 == 0 for k in range(start, end)]
    return pl.DataFrame({"id": people(start, end), "x": rng.normal(size=end - start), "left": left})


def orders(start: int, end: int, first: int = 7700) -> pl.DataFrame:
    who = [first + k % 60 for k in range(start, end)]
    notes = [NOTE if k == 7731 else f"street-{k % 7}" for k in who]
    made = {"n": list(range(start, end)), "id": [f"person-{k:04}" for k in who], "note": notes}
    return pl.DataFrame(made, schema_overrides={"n": pl.Int64})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    (made / "in").mkdir(parents=True)
    (made / "modelyard.yaml").write_text(FILE)
    calls(7700, 7760).write_csv(made / "in/a.csv")
    (made / "in/b.csv.gz").write_bytes(gzip.compress(calls(7760, 7800).write_csv().encode()))
    put(made, orders(0, 200), "replace")
    return made


def put(folder: Path, rows: pl.DataFrame, mode: Literal["append", "replace"] = "append") -> None:
    write(rows.lazy(), Sqlite(name="crm", path=str(folder / "crm.db")), Path(), "orders", mode)


def contents(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Of every file below: its bytes, and what they hold unpacked."""
    for path in sorted(root.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield path, content
            if content[:4] == b"PAR1":
                yield path, pl.read_parquet(path).write_ndjson().encode()
            if content[:2] == b"\x1f\x8b":
                yield path, gzip.decompress(content)


def found(root: Path, *words: str) -> list[str]:
    return sorted(
        {str(path.relative_to(root)) for path, content in contents(root) for word in words if word.encode() in content}
    )


def test_after_forgetting_an_id_is_nowhere_below_the_store(folder: Path) -> None:
    project, store = Project.load(folder), folder / ".modelyard"
    ours = Versions(project)
    first = project.run(cores=1)
    ours.snapshot("before")
    put(folder, orders(200, 240))
    project.run(cores=1)
    assert len(found(store, SECRET, NOTE)) >= 2
    with connect(store) as yard:
        trial = forget(yard, [SECRET], dry_run=True)
        assert len(found(store, SECRET)) >= 2, "nothing was changed"
        done = forget(yard, [SECRET])
        assert (done.rows, done.files, done.snapshots) == (trial.rows, trial.files, trial.snapshots)
        assert (done.files, done.snapshots, done.anything) == (1, ("before",), True)
        assert found(store, SECRET, NOTE) == []
        assert forget(yard, [SECRET]).anything is False
        with yard.metadata.begin() as sql:
            noted = [entry.document for entry in entries(sql, "forget")]
            verify(sql)
    assert [(one["ids"], one["rows"], one["files"]) for one in noted] == [(1, done.rows, 1), (1, 0, 0)]
    kept, pin = Kept(Store(store)), first.sources["orders"]
    reading = kept.version(pin.version)
    assert pin.rows == kept.rows(reading).height + kept.forgotten(reading) == 200
    rest = orders(0, 200).filter(pl.col("id") != SECRET)
    assert kept.rows(reading).select(rest.columns).equals(rest), "the others are as they were, in their order"
    done_ = ours.checkout("churn@1", folder / "out")
    assert done_.forgotten == {"orders": 200 - rest.height}


def test_sentences_of_results_name_nobody_who_was_forgotten(folder: Path) -> None:
    rules = """  - use: check.rules
    columns: {id: {regex: "person-77([0124-9][0-9]|3[02-9])", else: warn}}
  - {use: table.drop_duplicates"""
    (folder / "modelyard.yaml").write_text(FILE.replace("  - {use: table.drop_duplicates", rules))
    result = Project.load(folder).run(cores=1)
    assert result.quality[0].found.startswith(f"id is '{SECRET}'")
    with connect(folder / ".modelyard") as yard:
        forget(yard, [SECRET])
        with yard.metadata.begin() as sql:
            (run,) = read_runs(sql)
    assert found(folder / ".modelyard", SECRET, NOTE) == []
    assert run.document["quality"][0]["found"].startswith("id is '(forgotten)'")


def test_a_snapshot_gives_what_is_left_and_says_what_is_not(folder: Path) -> None:
    ours = Versions(Project.load(folder))
    ours.snapshot("one")
    with connect(folder / ".modelyard") as yard:
        forget(yard, [SECRET])
    (listed,) = ours.listed()
    assert listed.forgotten == {"calls": 1, "orders": 3}
    (folder / "in/a.csv").write_text("id,x,left\n")
    done = ours.checkout("one", folder / "out")
    assert (done.written, done.removed, done.forgotten) == ((), (), listed.forgotten)
    assert (folder / "in/a.csv").read_text() == "id,x,left\n", "no file of a source that lost one is put back"
    assert {Path(path).name for path in done.rows} == {"calls.parquet", "orders.parquet"}
    back = pl.read_parquet(folder / "out/calls.parquet")
    assert back.height == 99
    assert SECRET not in back["id"]
    files = {file.name: file.digest for file in ours.shelf["one"].sources["calls"].files}
    with pytest.raises(Forgotten, match="was forgotten"):
        ours.shelf.blobs.get(files["in/a.csv"])
    assert ours.shelf.blobs.get(files["in/b.csv.gz"]), "a file without the id stays"


def test_reading_on_after_forgetting_says_nothing_of_damage(folder: Path) -> None:
    ours = Versions(Project.load(folder))
    ours.snapshot("one")
    with connect(folder / ".modelyard") as yard:
        forget(yard, [SECRET])
    put(folder, orders(200, 230, first=7740))
    made = ours.snapshot("two")
    assert made.snapshot.sources["orders"].rows == 200 - 3 + 30
    assert made.said == (
        "orders: 3 rows that were forgotten here seem to be in the source still; --reread reads them",
    )  # fmt: skip


def test_what_was_forgotten_does_not_come_back_by_pull_and_goes_by_push(folder: Path, tmp_path: Path) -> None:
    ours, shared = Versions(Project.load(folder)), tmp_path / "shared"
    ours.snapshot("one")
    ours.push(remote=str(shared))
    with connect(folder / ".modelyard") as yard:
        forget(yard, [SECRET])
    ours.pull(remote=str(shared))
    assert found(folder / ".modelyard", SECRET) == []
    assert found(shared, SECRET) != []
    ours.push(remote=str(shared))
    assert found(shared, SECRET, NOTE) == []
    other = Versions(Project.load(folder), tmp_path / "other")
    other.pull("one", remote=str(shared))
    (listed,) = other.listed()
    assert listed.forgotten == {"calls": 1, "orders": 3}
    with connect(tmp_path / "other") as yard:
        forget(yard, ["person-7732"])
    ours.pull("one", remote=str(tmp_path / "other"))
    other.push("one", remote=str(shared))
    assert found(shared, "person-7732") == [], "what is forgotten of a rest goes, too"


def test_ids_of_other_columns_are_told_and_taken_when_named(folder: Path) -> None:
    ours = Versions(Project.load(folder))
    ours.snapshot("one")
    with connect(folder / ".modelyard") as yard:
        trial = forget(yard, [NOTE], dry_run=True)
        assert (trial.rows, trial.beside) == (0, {"note": 3})
        assert forget(yard, [NOTE], columns=["note"]).rows == 3
    assert found(folder / ".modelyard", NOTE) == []


@pytest.mark.parametrize("by", ["id", ""])
def test_labels_that_were_read_on_lose_it_and_without_an_id_are_read_again(folder: Path, by: str) -> None:
    """Those of a table with a cursor, which the loop keeps until the next turn."""
    place = Store(folder / ".modelyard").make()
    crm = Sqlite(name="crm", path=str(folder / "crm.db"))
    asked = Asked(connection=crm, folder=folder, table="orders", columns=("id", "note", "n"), cursor="n")
    kept = Kept(place, passing=True)
    assert read_on(LabelFeed(asked, by), kept, print).new == 200
    assert found(place.root, SECRET) != []
    forget_kept(place, [SECRET])
    assert found(place.root, SECRET, NOTE) == []
    put(folder, orders(200, 210, first=7740))
    again = read_on(LabelFeed(asked, by), kept, lambda word: None)
    assert (again.new, again.pin.rows) == ((10, 207) if by else (210, 210))


def test_forgetting_waits_for_readers_and_then_says_so(folder: Path) -> None:
    ours = Versions(Project.load(folder))
    ours.snapshot("one")
    with in_use(ours.store), pytest.raises(StoreInUse, match="is under way"):
        forget_kept(ours.store, [SECRET], wait=0.2)
    assert found(folder / ".modelyard", SECRET) != [], "nothing was changed"


WORKER = """
import sys, time
from pathlib import Path
from typing import Literal
from modelyard.api.data import Versions
from modelyard.api.data_diff import data_diff
from modelyard.api.project import Project
what, folder, shared = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
ours = Versions(Project.load(folder))
print("ready", flush=True)
sys.stdin.readline()
until, rounds = time.monotonic() + 2.5, 0
while time.monotonic() < until:
    if what == "snapshot":
        ours.snapshot(f"s{rounds}")
    elif what == "pull":
        ours.pull("one", remote=shared)
    else:
        assert data_diff(ours, "one")["calls"].rows[1] == 71
    rounds += 1
print(rounds)
"""


def test_forgetting_beside_snapshot_pull_and_diff(folder: Path, tmp_path: Path) -> None:
    """Four processes at once: each says something true, nothing is half there, and the id is gone at the end."""
    ours, shared = Versions(Project.load(folder)), tmp_path / "shared"
    ours.snapshot("one")
    ours.push(remote=str(shared))
    (folder / "in/a.csv").write_text(calls(7700, 7731).write_csv())
    put(folder, orders(0, 200).filter(pl.col("id") != SECRET), "replace")
    working = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, what, str(folder), str(shared)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for what in ("snapshot", "pull", "diff")
    ]  # fmt: skip
    for one in working:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in working:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    time.sleep(0.5)
    with connect(folder / ".modelyard") as yard:
        assert forget(yard, [SECRET]).rows >= 4
    for one in working:
        out, error = one.communicate(timeout=60)
        assert (one.returncode, error) == (0, "")
        assert int(out) > 0
    assert found(folder / ".modelyard", SECRET, NOTE) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Literal
from modelyard.run.forgotten import forget_kept
from modelyard.store import blobs
from modelyard.store.place import Store
from modelyard.store.records import read_runs
after, done = int(sys.argv[2]), 0
forget, drop = blobs.Blobs.forget, blobs.Blobs.drop
def counted(self, digest):
    global done
    done += 1
    if done == after:
        os.kill(os.getpid(), signal.SIGKILL)
    drop(self, digest)
blobs.Blobs.drop = counted
forget_kept(Store(Path(sys.argv[1])), [sys.argv[3]])
"""


@pytest.mark.parametrize("after", [1, 2, 3])
def test_killed_between_note_and_bytes_the_same_again_finishes_it(folder: Path, after: int) -> None:
    ours = Versions(Project.load(folder))
    version = ours.snapshot("one").snapshot.sources["orders"].version
    command = [sys.executable, "-c", KILLED, str(folder / ".modelyard"), str(after), SECRET]
    assert subprocess.run(command, check=False).returncode == -9
    assert found(folder / ".modelyard", SECRET) != []
    with connect(folder / ".modelyard") as yard:
        forget(yard, [SECRET])
    assert found(folder / ".modelyard", SECRET, NOTE) == []
    kept = Kept(ours.store)
    assert kept.forgotten(kept.version(version)) == 3


def test_rows_that_nothing_refers_to_go_and_versions_keep_theirs(folder: Path) -> None:
    project = Project.load(folder)
    ours, later = Versions(project), time.time() + 60
    project.run(cores=1)
    put(folder, orders(200, 230))
    ours.snapshot("one")
    kept = Kept(ours.store)
    pins = {}
    for version in (1, 2):
        if version == 2:
            put(folder, orders(230, 400))
            project.run(cores=1, afresh=True)
        from modelyard.api.package import Package

        read = Package.load(f"churn@{version}", ours.store).model.evidence.lineage.input
        assert read is not None
        pins[version] = read.sources["orders"].version
    before = {version: kept.rows(kept.version(digest)) for version, digest in pins.items()}
    assert prune(project).blobs == 0, "what was written within the day may be about to be named"
    ours.drop("one")
    with pytest.raises(UnknownSnapshot):
        ours.drop("one")
    trial = prune(project, before=later, dry_run=True)
    assert prune(project, before=later).blobs == trial.blobs > 0
    for version, digest in pins.items():
        assert kept.rows(kept.version(digest)).equals(before[version])
    assert prune(project, before=later, keep=1).versions == (), "the first version serves"
    from modelyard.api.registry import promote_version

    with connect(folder / ".modelyard") as yard:
        promote_version(yard, "churn@2", reason="better")
    assert prune(project, before=later, keep=1).versions == ("churn@1",)
    with pytest.raises(Forgotten, match="its version is older"):
        kept.version(pins[1])
    assert kept.rows(kept.version(pins[2])).equals(before[2])


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "utf16", "parquet", "arrow", "json", "xlsx", "zip"])
def test_files_that_hold_an_id_are_found_in_whatever_they_are_packed(tmp_path: Path, suffix: str) -> None:
    id_ = 'Zoë "Z" & co'
    frame = pl.DataFrame({"id": [id_, "other"], "x": [1.5, 2.5]})
    path, without = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    for place, rows in ((path, frame), (without, frame[1:])):
        if suffix == "parquet":
            rows.write_parquet(place)
        elif suffix == "arrow":
            rows.write_ipc(place)
        elif suffix == "json":
            place.write_text(rows.write_json())
        elif suffix == "utf16":
            place.write_bytes(rows.write_csv().encode("utf-16-le"))
        elif suffix == "zip":
            with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as packed:
                packed.writestr("in.csv", rows.write_csv())
        elif suffix == "xlsx":
            with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as packed:
                text = rows["id"][0].replace("&", "&amp;")
                packed.writestr("xl/sharedStrings.xml", f"<sst><si><t>{text}</t></si></sst>")
        else:
            content = rows.write_csv().encode()
            place.write_bytes(gzip.compress(content) if suffix == "csv.gz" else content)
    assert holds(path, [id_])
    assert holds(path, ["missing", id_])
    assert not holds(without, [id_])
    assert suffix == "utf16" or not holds(path, ["othe", "missing"])
