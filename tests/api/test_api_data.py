"""Versions of data: taken, told apart, put back, sent and fetched; nothing half there, nothing lost."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelyard.api.connection import connect
from modelyard.api.data import Versions
from modelyard.api.data_diff import data_diff
from modelyard.api.forget import forget
from modelyard.api.project import Project
from modelyard.errors.store import (
    BadSnapshot,
    DvcFailed,
    MissingBlob,
    NoRemote,
    SnapshotThere,
    UnknownSnapshot,
    WouldBeLost,
)
from modelyard.frame.sql.write import write
from modelyard.schema.connection import Sqlite
from modelyard.store.place import Store
from modelyard.store.snapshots import Shelf

ROOT = Path(__file__).parents[2]
FILE = """modelyard: 1
name: churn
task: classification
target: {column: left, positive: true}
roles: {id: id}
connections:
  - {name: crm, kind: sqlite, path: crm.db}
steps:
  - {use: read.csv, path: "in/*.csv", id: calls}
  - {use: read.sql, connection: crm, table: orders, cursor: n, id: orders}
  - {use: table.join, after: {left: calls, right: orders}, by: [id], how: left, matches: many,
     at_serving: from_request}
  - {use: evaluate.compare, candidates: [model.logistic_regression]}
"""


def calls(start: int, end: int) -> pl.DataFrame:
    rng = np.random.default_rng(start)
    ids = [f"c{k:03}" for k in range(start, end)]
    return pl.DataFrame({"id": ids, "x": rng.normal(size=end - start), "left": [k % 3 == 0 for k in range(start, end)]})


def orders(start: int, end: int) -> pl.DataFrame:
    return pl.DataFrame({"n": range(start, end), "id": [f"c{k % 50:03}" for k in range(start, end)]}).cast(
        {"n": pl.Int64}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    (made / "in").mkdir(parents=True)
    (made / "modelyard.yaml").write_text(FILE)
    calls(0, 100).write_csv(made / "in/a.csv")
    put(made, orders(0, 40), "replace")
    return made


def put(folder: Path, rows: pl.DataFrame, mode: str = "append") -> None:
    write(rows.lazy(), Sqlite(name="crm", path=str(folder / "crm.db")), Path(), "orders", mode)


def versions(folder: Path) -> Versions:
    return Versions(Project.load(folder))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "in").glob("*"))}


def test_a_snapshot_is_put_back_to_the_byte(folder: Path) -> None:
    ours, first = versions(folder), bytes_of(folder)
    taken = ours.snapshot("one").snapshot
    assert (taken.sources["calls"].rows, taken.sources["orders"].rows) == (100, 40)
    assert (taken.sources["orders"].cursor, taken.sources["orders"].upto) == ("n", 39)
    assert taken.sources["calls"].columns == {"id": "category", "x": "number", "left": "boolean"}
    assert ours.snapshot("one").snapshot == taken, "the same rows under the same name again"
    calls(0, 120).write_csv(folder / "in/a.csv")
    calls(120, 130).write_csv(folder / "in/b.csv")
    put(folder, orders(40, 45))
    with pytest.raises(SnapshotThere, match="of other rows"):
        ours.snapshot("one")
    with pytest.raises(WouldBeLost, match=r"in/a\.csv, in/b\.csv"):
        ours.checkout("one")
    second = bytes_of(folder)
    assert second != first, "nothing was changed"
    ours.snapshot("two")
    done = ours.checkout("one")
    assert (done.written, done.removed) == (("in/a.csv",), ("in/b.csv",))
    assert bytes_of(folder) == first
    assert pl.read_parquet(done.rows[0]).equals(orders(0, 40))
    assert ours.checkout("two").written == ("in/a.csv", "in/b.csv")
    assert bytes_of(folder) == second
    assert [one.snapshot.name for one in ours.listed()] == ["one", "two"]


def test_force_overwrites_what_nobody_kept(folder: Path) -> None:
    ours, first = versions(folder), bytes_of(folder)
    ours.snapshot("one")
    (folder / "in/a.csv").write_text("id,x,left\nz,1.0,true\n")
    assert ours.checkout("one", force=True).written == ("in/a.csv",)
    assert bytes_of(folder) == first


def test_names_are_asked_for_and_found(folder: Path) -> None:
    ours = versions(folder)
    assert ours.snapshot(at=0).snapshot.name == "19700101T000000Z"
    for name in ("no", "../up", ""):
        with pytest.raises(UnknownSnapshot):
            ours.open(name)


def test_what_changed_is_counted_by_key(folder: Path) -> None:
    ours = versions(folder)
    ours.snapshot("one")
    before = pl.read_csv(folder / "in/a.csv")
    after = before[5:].with_columns(x=pl.when(pl.col("id") < "c010").then(9.0).otherwise(pl.col("x")))
    more = pl.DataFrame({"id": [f"n{k}" for k in range(300)], "x": np.full(300, 3.0), "left": [False] * 300})
    pl.concat([after, more]).write_csv(folder / "in/a.csv")
    found = data_diff(ours, "one")
    told = found["calls"]
    assert (told.rows, told.added, told.removed, told.changed) == ((100, 395), 300, 5, 5)
    assert (told.key, told.values, told.columns, told.same) == (("id",), {"x": 5}, {}, False)
    assert any(moved.column == "x" and "higher" in moved.what for moved in told.moved)
    assert found["orders"].same
    assert (found["orders"].said, found["orders"].key) == ("", ("id",))


def test_without_a_key_rows_are_counted_whole_and_columns_are_told(folder: Path) -> None:
    put(folder, orders(0, 60), "replace")
    ours = versions(folder)
    ours.snapshot("one")
    put(folder, pl.concat([orders(0, 30), orders(0, 1)]), "replace")
    calls(0, 100).rename({"x": "y"}).with_columns(left=pl.lit("maybe")).write_csv(folder / "in/a.csv")
    found = data_diff(versions(folder), "one")
    told = found["orders"]
    assert (told.added, told.removed, told.changed, told.key) == (1, 30, None, ())
    assert told.said == "rows share a id, so they were compared whole"
    assert found["calls"].columns == {"x": "gone", "y": "new", "left": "boolean -> category"}


def test_two_draws_of_one_table_show_no_moved_column(folder: Path) -> None:
    rng = np.random.default_rng(5)
    quiet = 0
    for trial in range(10):
        for name in ("a", "b"):
            values = {"id": [f"r{k}" for k in range(2000)], "x": rng.normal(size=2000), "left": rng.random(2000) < 0.3}
            pl.DataFrame(values).write_csv(folder / "in/a.csv")
            versions(folder).snapshot(f"{name}{trial}")
        quiet += not data_diff(versions(folder), f"a{trial}", f"b{trial}")["calls"].moved
    assert quiet >= 6, "three sizes of two columns at two standard errors: one in five is alarmed"


def test_push_and_pull_go_on_where_they_stopped_and_show_nothing_half(folder: Path, tmp_path: Path) -> None:
    ours, remote = versions(folder), tmp_path / "shared"
    taken = ours.snapshot("one").snapshot
    with pytest.raises(NoRemote):
        ours.push("one")
    gone = ours.shelf.blobs.path(taken.blobs[-1])
    kept = gone.read_bytes()
    gone.unlink()
    with pytest.raises(MissingBlob):
        ours.push("one", str(remote))
    there = Shelf.of(Store(remote))
    assert "one" not in there
    assert list(there) == []
    gone.write_bytes(kept)
    assert ours.push("one", str(remote)) == {"one": 1}
    assert ours.push(remote=str(remote)) == {"one": 0}
    damaged = there.blobs.path(taken.blobs[0])
    damaged.write_bytes(b"no")
    other = tmp_path / "other"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns(".modelyard"))
    (other / "modelyard.yaml").write_text(FILE + "remote: ../shared\n")
    with pytest.raises(MissingBlob, match="damaged"):
        versions(other).pull()
    assert versions(other).listed() == []
    assert ours.push("one", str(remote)) == {"one": 1}, "a damaged blob is sent anew"
    assert versions(other).pull() == {"one": len(set(taken.blobs))}
    (other / "in/a.csv").unlink()
    assert versions(other).checkout("one").written == ("in/a.csv",)
    assert bytes_of(other) == bytes_of(folder)


def test_a_snapshot_from_elsewhere_writes_only_where_its_source_reads(folder: Path, tmp_path: Path) -> None:
    ours = versions(folder)
    ours.snapshot("one")
    document = ours.store.snapshots / "one.json"
    for name in ("../../escaped.csv", "in/../../x.csv", "/tmp/x.csv", "modelyard.yaml"):
        document.write_text(document.read_text().replace("in/a.csv", name))
        with pytest.raises(BadSnapshot, match="does not read"):
            ours.checkout("one", force=True)
        document.write_text(document.read_text().replace(name, "in/a.csv"))
    document.write_text("{")
    with pytest.raises(BadSnapshot):
        ours.open("one")


@pytest.fixture
def dvc(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder as a real Git repository with DVC and a remote that is a folder; another clone is made of it."""
    program = shutil.which("dvc", path=f"{ROOT / '.venv-dvc/bin'}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("dvc is not here: python3 -m venv .venv-dvc && .venv-dvc/bin/pip install dvc")
    monkeypatch.setenv("PATH", f"{Path(program).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    (folder / ".gitignore").write_text(".modelyard\nin\ncrm.db\n")
    git(folder, "init", "-q", "-b", "main")
    run(folder, "dvc", "init", "-q")
    run(folder, "dvc", "remote", "add", "-q", "-d", "shared", str(tmp_path / "remote"))
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "begun")
    return folder


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def git(folder: Path, *words: str) -> str:
    return run(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words)


def test_with_dvc_snapshots_are_files_that_dvc_tracks(dvc: Path, tmp_path: Path) -> None:
    made = versions(dvc).snapshot("one")
    assert made.commit == ("snapshots/one.dvc", "snapshots/one.json", "snapshots/.gitignore")
    git(dvc, "add", *made.commit)
    git(dvc, "commit", "-q", "-m", "data one")
    assert git(dvc, "status", "--porcelain") == "", "the rows themselves are not for Git"
    assert "snapshots/one.dvc" in run(dvc, "dvc", "list", ".", "-R", "--dvc-only") or (dvc / "snapshots/one").is_dir()
    files = sum(path.is_file() for path in (dvc / "snapshots/one").rglob("*"))
    assert versions(dvc).push("one") == {"one": files + 1}, "and DVC's list of them"
    assert versions(dvc).push("one") == {"one": 0}

    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(dvc), str(clone))
    shutil.copy(dvc / "crm.db", clone)
    theirs = versions(clone)
    assert [(one.snapshot.name, one.here) for one in theirs.listed()] == [("one", False)]
    with pytest.raises(UnknownSnapshot):
        theirs.checkout("one")
    assert theirs.pull("one") == {"one": len(set(made.snapshot.blobs))}
    assert theirs.checkout("one").written == ("in/a.csv",)
    assert bytes_of(clone) == bytes_of(dvc)
    assert all(found.same for found in data_diff(theirs, "one").values())


def test_what_is_forgotten_leaves_what_dvc_tracks_and_does_not_come_back_from_it(dvc: Path, tmp_path: Path) -> None:
    ours = versions(dvc)
    made = ours.snapshot("one")
    git(dvc, "add", *made.commit)
    git(dvc, "commit", "-q", "-m", "data one")
    ours.push("one")
    with connect(dvc / ".modelyard") as yard:
        assert forget(yard, ["c007"]).files == 1
    ours.pull("one")
    assert (dvc / "snapshots/one" / made.snapshot.blobs[0][:2]).is_dir()
    assert ours.listed()[0].forgotten == {"calls": 1, "orders": 1}, "what DVC still has did not come back"
    ours.push("one")
    tracked = [path for path in (dvc / "snapshots/one").rglob("*") if path.is_file()]
    assert not [path for path in tracked if b"c007" in path.read_bytes()]
    kept = [pl.read_parquet(path)["id"] for path in tracked if path.read_bytes()[:4] == b"PAR1"]
    assert sorted(len(ids) for ids in kept) == [39, 99]
    assert not [ids for ids in kept if "c007" in ids]


def test_dvc_that_says_no_is_heard(dvc: Path) -> None:
    versions(dvc).snapshot("one")
    with pytest.raises(DvcFailed, match=r"dvc push: .*remote 'nowhere' doesn't exist"):
        versions(dvc).push("one", "nowhere")


def test_a_dvc_repository_without_dvc_says_how_to_have_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".git").mkdir()
    (folder / ".dvc").mkdir()
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(DvcFailed, match="not installed"):
        versions(folder).snapshot("one")


def test_a_store_of_two_projects_keeps_their_snapshots_apart(folder: Path, tmp_path: Path) -> None:
    ours = versions(folder)
    ours.snapshot("one")
    other = shutil.copytree(folder, tmp_path / "other")
    text = (other / "modelyard.yaml").read_text()
    (other / "modelyard.yaml").write_text(re.sub(r"(?m)^name: .*", "name: other", text))
    theirs = Versions(Project.load(other), ours.store.root)
    for forbidden in (theirs.checkout, theirs.drop):
        with pytest.raises(UnknownSnapshot, match="'one' is a snapshot of 'churn', and this is 'other'"):
            forbidden("one")
    assert [one.snapshot.name for one in ours.listed()] == ["one"]


def test_git_is_told_to_leave_a_store_alone(folder: Path) -> None:
    versions(folder).snapshot("one")
    run(folder, "git", "init", "-q")
    (folder / ".gitignore").unlink(missing_ok=True)
    assert ".modelyard" not in git(folder, "status", "--porcelain", "--untracked-files=all")


@pytest.mark.parametrize("remote", ["/proc/nowhere", "in/a.csv", "in/a.csv/below", "/dev/full"])
def test_a_remote_that_cannot_be_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, remote: str) -> None:
    monkeypatch.chdir(folder)
    versions(folder).snapshot("one")
    with pytest.raises(NoRemote, match=rf"snapshots cannot lie in {remote}: .* --remote or `remote:`"):
        versions(folder).push("one", remote)
    if remote != "/proc/nowhere":
        with pytest.raises(NoRemote, match=f"snapshots cannot lie in {remote}: Not a directory"):
            versions(folder).pull("one", remote)


def test_a_folder_that_is_read_is_put_back_and_what_else_lies_there_stays(folder: Path) -> None:
    (folder / "modelyard.yaml").write_text(FILE.replace('"in/*.csv"', "in"))
    (folder / "in" / "notes.txt").write_text("mine")
    first = bytes_of(folder)
    versions(folder).snapshot("one")
    calls(0, 120).write_csv(folder / "in/a.csv")
    (folder / "in" / "more").mkdir()
    calls(120, 130).write_csv(folder / "in/more/b.csv")
    versions(folder).snapshot("two")
    done = versions(folder).checkout("one")
    assert (done.written, done.removed) == (("in/a.csv",), ("in/more/b.csv",))
    (folder / "in" / "more").rmdir()
    assert bytes_of(folder) == first
    assert versions(folder).checkout("two").written == ("in/a.csv", "in/more/b.csv")
