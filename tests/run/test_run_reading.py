"""Sources read on: only what is new, the same as all at once, and what changed behind the cursor is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.frame.digest import digest
from modelyard.frame.spilled import in_parts
from modelyard.frame.sql.session import Session, opened
from modelyard.frame.sql.write import write
from modelyard.run.feed import StepFeed
from modelyard.run.kept import Kept
from modelyard.run.reading import Read, read_on
from modelyard.schema.connection import Connection, Connections
from modelyard.schema.roles import Roles
from modelyard.step.context import Context
from modelyard.step.incremental import Incremental
from modelyard.step.registry import Registry
from modelyard.store.place import Store

KINDS = Registry.installed()
START = datetime(2024, 1, 1, tzinfo=UTC)


def step(**fields: object) -> Incremental:
    made = msgspec.convert(fields, KINDS[str(fields["use"])])
    assert isinstance(made, Incremental)
    return made


def rows(start: int, end: int, word: str = "a") -> pl.DataFrame:
    """Rows start … end - 1: three of them to a moment."""
    at = [START + timedelta(hours=k // 3) for k in range(start, end)]
    made = {"id": list(range(start, end)), "at": at, "value": [k / 7 for k in range(start, end)]}
    frame = pl.DataFrame(made, schema={"id": pl.Int64, "at": pl.Datetime("us", "UTC"), "value": pl.Float64})
    return frame.with_columns(word=pl.lit(word))


class Reader:
    """A step read on again and again; what was said of it the last time."""

    def __init__(self, made: Incremental, folder: Path, **context: object) -> None:
        self.step, self.kept = made, Kept(Store(folder / ".modelyard").make())
        self.ctx = Context(folder=folder, roles=Roles(id="id"), **context)  # type: ignore[arg-type]
        self.said: list[str] = []

    def read(self) -> Read:
        self.said.clear()
        ctx = msgspec.structs.replace(self.ctx, tell=self.said.append)
        return read_on(StepFeed(self.step, ctx, self.step.peek(ctx)), self.kept, self.said.append)

    def afresh(self) -> Read:
        self.kept.forget(StepFeed(self.step, self.ctx, self.step.peek(self.ctx)).key)
        return self.read()


@pytest.fixture
def reader(database: Connection, tmp_path: Path) -> Reader:
    write(rows(0, 90).lazy(), database, Path(), "orders", "replace")
    made = step(use="read.sql", connection="crm", table="orders", cursor="at")
    return Reader(made, tmp_path, connections=Connections({"crm": lambda: database}))


def put(database: Connection, frame: pl.DataFrame) -> None:
    write(frame.lazy(), database, Path(), "orders", "append")


def do(database: Connection, statement: str) -> None:
    with opened(database, Path(), write=True) as session:
        session.execute(statement)


def test_a_database_is_read_on_and_the_parts_are_the_whole(database: Connection, reader: Reader) -> None:
    first = reader.read()
    assert (first.new, first.frame.height, reader.said) == (90, 90, [])
    again = reader.read()
    assert (again.new, again.frame.height, reader.said) == (0, 90, [])
    assert again.pin == first.pin
    put(database, rows(90, 150))
    more = reader.read()
    assert (more.new, more.pin.rows, reader.said) == (60, 150, [])
    assert more.pin.upto == int(rows(0, 150)["at"].dt.epoch("us").max())  # type: ignore[arg-type]
    whole = reader.afresh()
    assert (whole.new, whole.pin.digest) == (150, more.pin.digest)
    assert whole.frame.equals(more.frame)


def test_only_what_is_new_leaves_the_database(
    database: Connection, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.read()
    put(database, rows(90, 93))
    arrived: list[int] = []
    with opened(database, Path()) as session:
        kind = type(session)
    batches = kind.batches

    def counted(self: Session, *asked: object) -> object:
        for part in batches(self, *asked):  # type: ignore[arg-type]
            arrived.append(part.height)
            yield part

    monkeypatch.setattr(kind, "batches", counted)
    assert reader.read().new == 3
    near = database.__class__.__name__ in ("Sqlite", "Duckdb")
    assert sum(arrived) <= (3 + 3 + 90 if near else 3), "a file's rows may be counted here; a server's stay there"


def test_rows_for_which_there_is_no_room_are_read_on_all_the_same(database: Connection, reader: Reader) -> None:
    """Nothing is held, parts are of some rows, and the source is in no order."""
    write(rows(0, 90).sample(fraction=1.0, shuffle=True, seed=3).lazy(), database, Path(), "orders", "replace")
    reader.step = msgspec.structs.replace(reader.step, order=())
    held, small = reader.kept, Kept(Store(reader.ctx.folder / "small").make(), most=700, room=0)
    for end in (90, 140):
        read, reader.kept = reader.read(), small
        parted, reader.kept = reader.read(), held
        assert in_parts(parted.rows)
        assert parted.frame.sort("at", "id").equals(read.frame.sort("at", "id"))
        assert parted.frame["at"].is_sorted()
        assert (parted.pin.rows, parted.pin.upto, parted.new) == (end, read.pin.upto, read.new)
        assert digest(parted.frame) == parted.pin.digest
        assert len(small.version(parted.pin.version).parts) > 2
        put(database, rows(90, 140).sample(fraction=1.0, shuffle=True, seed=4))


def test_late_rows_and_deleted_rows_are_said_and_read_from_the_start(database: Connection, reader: Reader) -> None:
    reader.read()
    late = rows(0, 2).with_columns(id=pl.Series([900, 901], dtype=pl.Int64))
    put(database, late)
    put(database, rows(90, 93))
    assert reader.read().new == 3
    assert ["2 rows came late" in word for word in reader.said] == [True]
    assert "--reread" in reader.said[0]
    whole = reader.afresh()
    assert (whole.frame.height, reader.said) == (95, [])
    do(database, "DELETE FROM orders WHERE id < 5")
    reader.read()
    assert ["5 rows are gone" in word for word in reader.said] == [True]


def test_a_pinned_version_gives_its_rows_whatever_became_of_the_source(database: Connection, reader: Reader) -> None:
    first = reader.read()
    do(database, "DELETE FROM orders")
    put(database, rows(90, 99, "b"))
    assert reader.read().new == 9
    before = reader.kept.rows(reader.kept.version(first.pin.version))
    assert before.equals(first.frame)
    assert digest(before) == first.pin.digest


def test_updated_rows_take_the_place_of_what_they_were(database: Connection, tmp_path: Path) -> None:
    write(rows(0, 30).lazy(), database, Path(), "orders", "replace")
    made = step(use="read.sql", connection="crm", table="orders", cursor="at", cursor_key=["id"])
    reader = Reader(made, tmp_path, connections=Connections({"crm": lambda: database}))
    reader.read()
    do(database, "DELETE FROM orders WHERE id IN (3, 4)")
    moved = rows(60, 62, "changed").with_columns(id=pl.Series([3, 4], dtype=pl.Int64))
    put(database, moved)
    found = reader.read()
    assert (found.new, found.frame.height, reader.said) == (2, 30, [])
    assert found.frame.filter(pl.col("id").is_in([3, 4]))["word"].to_list() == ["changed", "changed"]
    assert reader.afresh().frame.equals(found.frame)


def test_rows_without_a_cursor_are_counted_out(database: Connection, reader: Reader) -> None:
    put(database, rows(200, 203).with_columns(at=pl.lit(None, dtype=pl.Datetime("us", "UTC"))))
    assert reader.read().frame.height == 90
    assert reader.said == ["3 rows have no 'at', so they are not read"]


def test_a_column_that_came_is_read_from_the_start(database: Connection, reader: Reader) -> None:
    reader.read()
    do(database, "ALTER TABLE orders ADD COLUMN more INTEGER")
    assert reader.read().new == 90
    assert reader.said == ["columns changed (more): it was read from the start"]


FILES = {
    "csv": ("read.csv", lambda frame, path: frame.write_csv(path)),
    "parquet": ("read.parquet", lambda frame, path: frame.write_parquet(path)),
    "jsonl": ("read.json", lambda frame, path: frame.write_ndjson(path)),
    "arrow": ("read.arrow", lambda frame, path: frame.write_ipc(path)),
}


@pytest.fixture(params=FILES)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Reader, str]:
    kind, put = FILES[request.param]
    put(rows(0, 30), tmp_path / f"day-[1].{request.param}")
    fields = {"types": {"at": "datetime"}} if request.param == "jsonl" else {}
    return Reader(step(use=kind, path=f"day-*.{request.param}", cursor="at", **fields), tmp_path), request.param


def test_new_files_and_longer_files_are_read_on(files: tuple[Reader, str], tmp_path: Path) -> None:
    reader, end = files
    put = FILES[end][1]
    assert (reader.read().new, reader.said) == (30, [])
    put(rows(30, 60), tmp_path / f"day-2.{end}")
    assert (reader.read().new, reader.said) == (30, [])
    put(rows(30, 90), tmp_path / f"day-2.{end}")
    more = reader.read()
    assert (more.new, more.frame.height, reader.said) == (30, 90, [])
    assert reader.afresh().frame.equals(more.frame)
    put(rows(30, 90).with_columns(value=pl.lit(1.0)), tmp_path / f"day-2.{end}")
    assert (reader.read().frame.equals(more.frame), len(reader.said)) == (True, 1)
    assert f"day-2.{end} was changed up to at = 2024-01-02T05:00:00Z" in reader.said[0]
    put(rows(0, 3), tmp_path / f"day-3.{end}")
    reader.read()
    assert any("3 rows came late" in word for word in reader.said)
    (tmp_path / f"day-2.{end}").unlink()
    assert reader.read().frame.height == 90
    assert any("is gone" in word for word in reader.said)


def test_a_file_that_is_as_it_was_is_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows(0, 30).write_csv(tmp_path / "a.csv")
    rows(30, 60).write_csv(tmp_path / "b.csv")
    reader = Reader(step(use="read.csv", path="*.csv", cursor="id"), tmp_path)
    reader.read()
    rows(60, 90).write_csv(tmp_path / "c.csv")
    read: list[str] = []
    kind = type(reader.step)
    run = kind.run
    monkeypatch.setattr(kind, "run", lambda self, *rest: read.append(self.path) or run(self, *rest))
    assert reader.read().new == 30
    assert read == ["c.csv"]


def test_what_does_not_parse_is_kept_and_the_rest_read_on(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\n1,1\n2,2\n3,3\n")
    fields = {"types": {"x": "integer"}, "quarantine": "bad.jsonl"}
    reader = Reader(step(use="read.csv", path="*.csv", cursor="id", **fields), tmp_path)
    assert reader.read().new == 3
    (tmp_path / "b.csv").write_text("id,x\n4,4\n5,oh\n6,6\n")
    assert reader.read().new == 2
    assert "oh" in (tmp_path / "bad.jsonl").read_text()


def test_a_lost_part_is_read_again(tmp_path: Path) -> None:
    rows(0, 30).write_csv(tmp_path / "a.csv")
    reader = Reader(step(use="read.csv", path="a.csv", cursor="id"), tmp_path)
    first = reader.read()
    for part in reader.kept.version(first.pin.version).parts:
        (tmp_path / ".modelyard/blobs" / part.digest[:2] / part.digest).unlink()
    again = reader.read()
    assert (again.new, again.pin) == (30, first.pin)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=6), min_size=1, max_size=12))
def test_parts_of_any_size_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, days: list[list[tuple[int, int]]]
) -> None:
    """Each day's rows lie beyond those of the day before; rows of one key may come again."""
    folder = tmp_path_factory.mktemp("parts")
    made = step(use="read.parquet", path="all.parquet", cursor="n", cursor_key=["id"])
    reader = Reader(made, folder)
    known: list[tuple[int, int]] = [(0, 0)]
    for day, new in enumerate(days, 1):
        known += [(10 * day + n, key) for n, key in new]
        frame = pl.DataFrame(known, schema={"n": pl.Int64, "id": pl.Int64}, orient="row")
        frame.with_columns(place=pl.arange(len(known))).write_parquet(folder / "all.parquet")
        found = reader.read()
        assert reader.said == []
    assert found.frame.equals(reader.afresh().frame)
    assert len(reader.kept.version(found.pin.version).parts) <= 1 + np.log2(len(known))


PROJECT = """modelyard: 1
name: orders
task: classification
target: {column: late, positive: true}
roles: {id: id}
steps:
  - {use: read.csv, path: "day-*.csv", cursor: at, id: orders}
  - {use: table.select, columns: [id, value, late]}
  - {use: evaluate.compare, candidates: [model.logistic_regression], split: {kind: kfold, folds: 2}}
"""


def labelled(start: int, end: int) -> pl.DataFrame:
    return rows(start, end).drop("word").with_columns(late=pl.col("id") % 3 == 0)


def test_a_run_pins_what_it_read_and_history_and_diff_say_so(tmp_path: Path) -> None:
    from modelyard.api.connection import connect
    from modelyard.api.diff import diff
    from modelyard.api.history import history
    from modelyard.api.project import Project
    from modelyard.store.packages import open_package

    (tmp_path / "modelyard.yaml").write_text(PROJECT)
    labelled(0, 201).write_csv(tmp_path / "day-1.csv")
    first = Project.load(tmp_path).run(cores=1)
    assert Project.load(tmp_path).run(cores=1).package.digest == first.package.digest
    labelled(201, 300).write_csv(tmp_path / "day-2.csv")
    second = Project.load(tmp_path).run(cores=1)
    assert (second.rows, second.sources["orders"].rows) == (300, 300)
    again = Project.load(tmp_path).run(cores=1, reread=True)
    assert again.package.digest == second.package.digest, "all at once is the same as part by part"
    with connect(tmp_path / ".modelyard") as yard:
        pinned = open_package(yard.store, second.package.digest).evidence.lineage.input
        assert pinned is not None
        assert (pinned.rows, pinned.columns["late"], pinned.log) == (300, "boolean", None)
        source = pinned.sources["orders"]
        assert source == second.sources["orders"]
        assert Kept(yard.store).rows(Kept(yard.store).version(source.version)).height == 300
        made = [event for event in history(yard) if event.what == "version"]
        assert [event.actor for event in made] == ["run", "run"]
        assert "orders: 201 rows up to at = 2024-01-03T18:00:00Z" in made[0].document["summary"]
        sides = diff(yard, "orders@1", "orders@2")
    from modelyard.api.data import Versions

    (kept,) = Versions(Project.load(tmp_path)).checkout("orders@1", tmp_path / "out").rows
    assert pl.read_parquet(kept).equals(pl.read_csv(tmp_path / "day-1.csv", try_parse_dates=True).select(
        "id", pl.col("at").cast(pl.Datetime("us", "UTC")), "value", "late"))  # fmt: skip
    assert sides.before.input is not None
    assert (sides.before.input.rows, sides.after.input == pinned) == (201, True)
