"""A disk that has no room is told as that: no wrong URL, no trace of Python."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from modelyard.api.connection import of_database
from modelyard.errors.system import DiskFull, SystemRefused
from modelyard.step.context import Context
from modelyard.steps.read.csv import Csv
from modelyard.steps.read.json import Json

FILE = """modelyard: 1
name: shop
task: regression
target: {column: y}
steps:
  - {use: read.csv, path: a.csv}
  - {use: evaluate.compare, candidates: [model.ridge], split: {kind: kfold, folds: 2}}
"""


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_database_is_no_wrong_url() -> None:
    with create_engine("sqlite://").connect() as full:
        full.execute(text("create table t (x)"))
        full.execute(text("pragma max_page_count = 2"))
        with pytest.raises(OperationalError) as caught:
            full.execute(text("insert into t values (zeroblob(100000))"))
    told = of_database("sqlite:///meta.db", "cannot be opened", caught.value)
    assert isinstance(told, DiskFull)
    assert str(told).startswith("sqlite:///meta.db cannot be opened: database or disk is full. Way out: Free space")


def test_a_store_that_has_no_room_says_so_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "modelyard.yaml").write_text(FILE)
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{n % 7},{n % 5}\n" for n in range(50)))
    done = subprocess.run(
        [sys.executable, "-c", "from modelyard.cli import main; main()", "run"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "whether its disk is full" in done.stderr or "Free space" in done.stderr
    assert "URL, that" not in done.stderr


@pytest.mark.parametrize(("kind", "name"), [(Csv, "a.csv"), (Json, "a.jsonl")])
def test_a_quarantine_file_that_cannot_be_written_is_named(
    tmp_path: Path, kind: type[Csv] | type[Json], name: str
) -> None:
    wrong = {"a.csv": "x\n1\n2\n" + "3,4\n" * 3, "a.jsonl": '{"x": 1}\n' * 5 + "[1]\n" * 3}[name]
    (tmp_path / name).write_text(wrong * 200 if name == "a.jsonl" else wrong + "1\n" * 9)
    (tmp_path / "file").touch()
    ctx = Context(folder=tmp_path)
    for path in ("file/bad.jsonl", "/proc/nowhere/bad.jsonl"):
        with pytest.raises(SystemRefused, match=r"the quarantine file cannot be written: .*bad\.jsonl.*`quarantine:`"):
            kind(path=name, quarantine=path).run(ctx)
    step = kind(path=name, quarantine="bad.jsonl")
    with (
        files_of_at_most(64),
        pytest.raises(SystemRefused, match="the quarantine file cannot be written: File too large"),
    ):
        step.run(ctx)
    assert sorted(one.name for one in tmp_path.iterdir()) == [name, "file"], "nothing half written is left"
