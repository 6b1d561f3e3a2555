"""A source that is written to while it is read: a table of one version, pinned as that one, or an error that
says so."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Event, Thread

import msgspec
import polars as pl
import pytest

from modelyard.errors.data import UnreadableTable
from modelyard.project.graph import graph
from modelyard.project.plan import Plan, plan
from modelyard.project.read import read
from modelyard.project.settings import settings
from modelyard.run.data import Data, read_data
from modelyard.run.kept import Kept
from modelyard.schema.pin import Pin
from modelyard.step.context import Context
from modelyard.step.registry import Registry
from modelyard.store.place import Store

FILE = """modelyard: 1
name: shop
target: {{column: y}}
task: regression
steps:
  - {{use: {use}, path: {name}{more}}}
  - {{use: evaluate.compare, candidates: [model.ridge], split: {{kind: kfold, folds: 2}}}}
"""
SECONDS, ROWS = 0.6, 10_000
CHANGED = "changed while it was read"
Change = Callable[[Path, bytes], None]


def planned(folder: Path, use: str, name: str, more: str = "") -> Plan:
    document, registry = (
        read(FILE.format(use=use, name=name, more=more).encode(), "modelyard.yaml"),
        Registry.installed(),
    )
    head = settings(document)
    return plan(head, graph(head, document, registry), document, registry, Context(folder=folder))


def body(name: str, rows: int) -> bytes:
    frame, out = pl.DataFrame({"x": range(rows), "y": range(rows)}), BytesIO()
    if name == "a.csv":
        frame.write_csv(out)
    elif name == "a.jsonl":
        frame.write_ndjson(out)
    elif name == "a.parquet":
        frame.write_parquet(out)
    else:
        frame.write_ipc(out)
    return out.getvalue()


def in_place(file: Path, content: bytes) -> None:
    with open(file, "wb") as out:
        out.write(content[: len(content) // 2])
        out.flush()
        time.sleep(0.001)
        out.write(content[len(content) // 2 :])


def appended(file: Path, content: bytes) -> None:
    with open(file, "ab") as out:
        out.write(content[file.stat().st_size :])


def renamed(file: Path, content: bytes) -> None:
    file.with_suffix(".new").write_bytes(content)
    file.with_suffix(".new").replace(file)


@contextmanager
def written(file: Path, contents: list[bytes], change: Change) -> Iterator[None]:
    done = Event()

    def work() -> None:
        for content in contents:
            if done.is_set():
                return
            change(file, content)
            time.sleep(0.02)

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("use", "name", "change"),
    [
        ("read.csv", "a.csv", appended),
        ("read.csv", "a.csv", in_place),
        ("read.json", "a.jsonl", appended),
        ("read.json", "a.jsonl", in_place),
        ("read.parquet", "a.parquet", renamed),
        ("read.parquet", "a.parquet", in_place),
        ("read.arrow", "a.arrow", in_place),
    ],
)
def test_rows_and_pin_are_of_one_version_or_the_change_is_told(
    tmp_path: Path, use: str, name: str, change: Change
) -> None:
    contents = [body(name, rows) for rows in range(ROWS, ROWS + 60)]
    halves = [content[: len(content) // 2] for content in contents]
    (tmp_path / name).write_bytes(contents[0])
    made = planned(tmp_path, use, name)
    rows = {digest(name, content): ROWS + place for place, content in enumerate(contents)}
    rows |= {digest(name, half): half.count(b"\n") + (name == "a.jsonl") for half in halves}
    found: list[Data | str] = []
    with written(tmp_path / name, contents[1:], change):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found.append(outcome(made))
    told = [one for one in found if isinstance(one, str)]
    good = [one for one in found if not isinstance(one, str)]
    assert [rows.get(pin_of(data).digest) for data in good] == [len(data) for data in good]
    assert all(CHANGED in one or (change is in_place and f"{tmp_path / name}" in one) for one in told), told
    assert any(CHANGED in one for one in told)
    assert len(read_data(made)) == rows[digest(name, (tmp_path / name).read_bytes())]


def outcome(made: Plan, kept: Kept | None = None) -> Data | str:
    try:
        return read_data(made, kept=kept)
    except UnreadableTable as error:
        return str(error)


def pin_of(data: Data) -> Pin:
    return next(iter(data.sources.values()))


def digest(name: str, content: bytes) -> str:
    return hashlib.sha256(msgspec.json.encode({name: hashlib.sha256(content).hexdigest()})).hexdigest()


def test_of_a_source_with_a_cursor_that_changes_meanwhile_nothing_is_kept(tmp_path: Path) -> None:
    contents = [body("a.csv", rows) for rows in range(ROWS, ROWS + 60)]
    (tmp_path / "a.csv").write_bytes(contents[0])
    made, kept = planned(tmp_path, "read.csv", "a.csv", ", cursor: x"), Kept(Store(tmp_path / "yard").make())
    found: list[Data | str] = []
    with written(tmp_path / "a.csv", contents[1:], appended):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found.append(outcome(made, kept))
    assert all(CHANGED in one if isinstance(one, str) else pin_of(one).rows == len(one) >= ROWS for one in found)
    assert len(read_data(made, kept=kept)) == (tmp_path / "a.csv").read_bytes().count(b"\n") - 1
