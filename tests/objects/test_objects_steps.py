"""Steps over a real S3 server: what is read from it is what the same file gives, what is written is there whole."""

import threading
import time
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from msgspec.structs import replace
from polars.testing import assert_frame_equal

from modelyard.errors.connection import AccessDenied, MissingObject, UnknownConnection, Unreachable
from modelyard.errors.data import UnreadableTable
from modelyard.errors.project import BadParameter
from modelyard.objects import bucket as buckets
from modelyard.objects import client
from modelyard.objects.bucket import Bucket
from modelyard.run.feed import StepFeed, pinned
from modelyard.run.kept import Reading
from modelyard.schema.connection import Connections, Postgresql
from modelyard.schema.object_store import ObjectStore
from modelyard.step.context import Context
from modelyard.step.incremental import Bounds
from modelyard.step.step import TableStep
from modelyard.steps.read.arrow import Arrow
from modelyard.steps.read.csv import Csv
from modelyard.steps.read.excel import Excel
from modelyard.steps.read.json import Json
from modelyard.steps.read.parquet import Parquet
from modelyard.steps.read.sql import Sql
from modelyard.steps.write.csv import Csv as WriteCsv
from modelyard.steps.write.parquet import Parquet as WriteParquet
from object_stores import Seaweed, cut_after, seaweed_in

TABLE = pl.DataFrame({"id": ["a", "b", "c"], "n": [1, 2, None], "x": [0.5, None, 2.25]})


def context(connection: ObjectStore, folder: Path) -> Context:
    return Context(folder=folder, connections=Connections({"lake": lambda: connection}))


def files(folder: Path) -> dict[str, TableStep]:
    """The table in each format, and the step that reads it there."""
    TABLE.write_csv(folder / "t.csv")
    TABLE.write_csv(folder / "t.csv.gz", compression="gzip", check_extension=False)
    TABLE.write_parquet(folder / "t.parquet")
    TABLE.write_ndjson(folder / "t.jsonl")
    TABLE.write_ipc(folder / "t.arrow")
    with xlsxwriter.Workbook(folder / "t.xlsx") as book:
        sheet = book.add_worksheet()
        for row, line in enumerate([TABLE.columns, *TABLE.rows()]):
            for column, value in enumerate(line):
                sheet.write(row, column, value)
    kinds = {"csv": Csv, "csv.gz": Csv, "parquet": Parquet, "jsonl": Json, "arrow": Arrow, "xlsx": Excel}
    return {f"t.{end}": kind(path=f"t.{end}") for end, kind in kinds.items()}


def test_each_format_gives_from_a_bucket_what_it_gives_from_a_file(seaweed: Seaweed, tmp_path: Path) -> None:
    connection = seaweed.connection(prefix="raw")
    here, there = Context(folder=tmp_path), context(connection, tmp_path / "project")
    for name, step in files(tmp_path).items():
        Bucket(connection).upload(tmp_path / name, f"d/{name}")
        stored = replace(step, connection="lake", path=f"d/{name}")
        assert stored.peek(there) == step.peek(here)
        assert_frame_equal(stored.run(there).collect(), step.run(here).collect())


def test_a_pattern_is_one_table_in_the_order_of_its_keys_and_says_which_columns_drifted(
    seaweed: Seaweed, tmp_path: Path
) -> None:
    connection = seaweed.connection()
    bucket = Bucket(connection)
    for key, content in {"f/2.csv": b"a,b\n2,y\n", "f/1.csv": b"a\n1\n", "f/x/3.csv": b"a\n3\n"}.items():
        bucket.put_absent(key, content)
    said: list[str] = []
    ctx = replace(context(connection, tmp_path), tell=said.append)
    assert Csv(connection="lake", path="f/*.csv").run(ctx).collect().rows() == [(1, None), (2, "y")]
    assert any("1.csv" in word for word in said)
    assert Csv(connection="lake", path="f/**/*.csv", columns=("a",)).run(ctx).collect()["a"].to_list() == [1, 2, 3]


def test_a_row_that_does_not_parse_is_kept_beside_the_project_with_the_name_of_its_object(
    seaweed: Seaweed, tmp_path: Path
) -> None:
    connection = seaweed.connection()
    Bucket(connection).put_absent("f/bad.csv", b"a,b\n1,2\n3\n")
    step = Csv(connection="lake", path="f/bad.csv", quarantine="kept.jsonl")
    assert step.run(context(connection, tmp_path)).collect().rows() == [(1, 2)]
    assert "bad.csv" in (tmp_path / "kept.jsonl").read_text()


def test_a_second_look_reads_nothing_again_and_gives_the_same_rows(
    seaweed: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = seaweed.connection()
    Bucket(connection).put_absent("t.csv", b"a\n1\n")
    step, ctx = Csv(connection="lake", path="t.csv"), context(connection, tmp_path)
    first = step.run(ctx).collect()
    monkeypatch.setattr(Bucket, "copy", None)
    assert_frame_equal(step.run(ctx).collect(), first)


def test_what_is_written_is_one_whole_object_that_replaces_the_last(seaweed: Seaweed, tmp_path: Path) -> None:
    connection = seaweed.connection()
    ctx = context(connection, tmp_path)
    for step in (WriteCsv(connection="lake", path="out/t.csv"), WriteParquet(connection="lake", path="out/t.parquet")):
        step.run(ctx, TABLE.head(1).lazy())
        assert_frame_equal(step.run(ctx, TABLE.lazy()).collect(), TABLE)
    back = Csv(connection="lake", path="out/t.csv").run(ctx).collect()
    assert_frame_equal(back, TABLE, check_dtypes=False)
    assert_frame_equal(Parquet(connection="lake", path="out/t.parquet").run(ctx).collect(), TABLE)
    assert [one.key for one in Bucket(connection).matching()] == ["out/t.csv", "out/t.parquet"]


def test_wrong_uses_say_the_right_one(seaweed: Seaweed, tmp_path: Path) -> None:
    connection = seaweed.connection()
    ctx = context(connection, tmp_path)
    with pytest.raises(UnreadableTable, match=r"s3:// is no file.*connections:"):
        Csv(path="s3://lake/t.csv").peek(ctx)
    with pytest.raises(UnknownConnection, match="did you mean 'lake'"):
        Csv(connection="lakes", path="t.csv").peek(ctx)
    with pytest.raises(BadParameter, match=r"is no database.*read\.csv"):
        Sql(connection="lake", table="t").peek(ctx)
    database = Postgresql(name="crm", host="db", database="crm", user="me")
    crm = replace(ctx, connections=Connections({"crm": lambda: database}))
    with pytest.raises(BadParameter, match=r"\(postgresql\) holds no files.*read.sql"):
        Csv(connection="crm", path="t.csv").peek(crm)
    with pytest.raises(MissingObject, match="is a pattern"):
        WriteCsv(connection="lake", path="out/*.csv").run(ctx, TABLE.lazy())
    with pytest.raises(AccessDenied):
        WriteCsv(connection="lake", path="t.csv").run(
            context(replace(connection, access_key=None, secret_key=None), tmp_path), TABLE.lazy()
        )


def test_a_server_that_stops_midway_is_told_and_leaves_no_half_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RETRIES", 1)
    (tmp_path / "server").mkdir()
    server = seaweed_in(tmp_path / "server")
    try:
        connection = server.connection()
        source = tmp_path / "big.csv"
        source.write_bytes(b"a\n" + b"1\n" * 4_000_000)
        Bucket(connection).upload(source, "big.csv")
        monkeypatch.setattr(buckets, "PART", 64 * 1024)
        killer = threading.Thread(target=lambda: (time.sleep(0.05), server.server.kill()))
        killer.start()
        with pytest.raises(Unreachable, match="nothing answers to the end"):
            Csv(connection="lake", path="big.csv").run(context(connection, tmp_path / "p"))
        killer.join()
    finally:
        server.close()
    assert [one for one in (tmp_path / "p").rglob("*") if one.is_file()] == []
    with pytest.raises(Unreachable):
        WriteCsv(connection="lake", path="t.csv").run(context(connection, tmp_path / "p"), TABLE.lazy())
    assert [one for one in (tmp_path / "p").rglob("*") if one.is_file()] == []


def test_an_upload_that_is_cut_midway_leaves_what_was_there_before(
    seaweed: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RETRIES", 1)
    connection = seaweed.connection()
    assert Bucket(connection).put_absent("big.bin", b"before")
    source = tmp_path / "big.bin"
    source.write_bytes(bytes(64 * 2**20))
    with cut_after(seaweed.ports[1], 24 * 2**20) as (port, seen):
        through = replace(connection, endpoint=f"http://127.0.0.1:{port}")
        with pytest.raises(Unreachable):
            Bucket(through).upload(source, "big.bin")
    assert seen[0] > 24 * 2**20
    assert Bucket(connection).read("big.bin") == b"before"
    assert [one.key for one in Bucket(connection).matching()] == ["big.bin"]


def test_a_source_with_a_cursor_reads_on_in_a_bucket_and_pins_what_it_read(seaweed: Seaweed, tmp_path: Path) -> None:
    connection = seaweed.connection()
    ctx = context(connection, tmp_path)
    bucket = Bucket(connection)
    bucket.put_absent("d/[1].csv", b"n,a\n1,x\n2,y\n")
    bucket.put_absent("d/2.csv", b"n,a\n3,z\n")
    step = Csv(connection="lake", path="d/*.csv", cursor="n")
    before = pinned(step, ctx, step.peek(ctx))
    assert before == pinned(step, ctx, step.peek(ctx))
    assert before.digest
    feed = StepFeed(step, ctx, step.peek(ctx))
    first = feed.fetch(Bounds(), Reading(cursor="n", columns=feed.columns))
    assert sorted(first.frame.collect()["n"].to_list()) == [1, 2, 3]
    assert sorted(first.files) == ["d/2.csv", "d/[1].csv"]
    bucket.put_absent("d/3.csv", b"n,a\n4,w\n")
    then = feed.fetch(Bounds(after=3), Reading(cursor="n", columns=feed.columns, upto=3, files=first.files))
    assert then.frame.collect()["n"].to_list() == [4]
    assert then.words == ()
    assert pinned(step, ctx, step.peek(ctx)).digest != before.digest
