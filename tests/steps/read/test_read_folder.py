"""A folder as `path:` is all files of the format in it, and what is left out is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from modelyard.api.show import show_file
from modelyard.errors.data import UnreadableTable
from modelyard.step.context import Context
from modelyard.step.filed import Filed
from modelyard.steps.read.arrow import Arrow
from modelyard.steps.read.csv import Csv
from modelyard.steps.read.excel import Excel
from modelyard.steps.read.json import Json
from modelyard.steps.read.parquet import Parquet

FIRST, SECOND = pl.DataFrame({"n": [1, 2]}), pl.DataFrame({"n": [3]})
Write = Callable[[pl.DataFrame, Path], object]
FORMATS: list[tuple[type[Filed], str, Write]] = [
    (Csv, "csv", pl.DataFrame.write_csv),
    (Json, "jsonl", pl.DataFrame.write_ndjson),
    (Excel, "xlsx", pl.DataFrame.write_excel),
    (Parquet, "parquet", pl.DataFrame.write_parquet),
    (Arrow, "arrow", pl.DataFrame.write_ipc),
    (Arrow, "arrows", pl.DataFrame.write_ipc_stream),
]


@pytest.mark.parametrize(("kind", "end", "write"), FORMATS)
def test_all_files_of_the_format_are_read_also_below_and_others_are_told(
    tmp_path: Path, kind: type[Filed], end: str, write: Write
) -> None:
    (tmp_path / "sales" / "later").mkdir(parents=True)
    write(SECOND, tmp_path / "sales" / "later" / f"b.{end}")
    write(FIRST, tmp_path / "sales" / f"a.{end}")
    (tmp_path / "sales" / "notes.txt").write_text("n\n9\n")
    for hidden in ("_SUCCESS", f".a.{end}", f"_tmp.{end}"):
        (tmp_path / "sales" / hidden).write_text("")
    said: list[str] = []
    ctx = Context(folder=tmp_path, tell=said.append)
    for path in ("sales", "sales/"):
        step = kind(path=path)
        assert step.peek(ctx).names == ("n",)
        said.clear()
        assert sorted(step.run(ctx).collect()["n"].to_list()) == [1, 2, 3]
        assert said == ["files of another format in sales/ are not read: notes.txt"]


def test_a_folder_without_such_a_file_is_said_to_be_one(tmp_path: Path) -> None:
    ctx = Context(folder=tmp_path)
    (tmp_path / "sales").mkdir()
    with pytest.raises(UnreadableTable, match=r"a folder without a file to read: it is empty .*that end in \.csv"):
        Csv(path="sales").peek(ctx)
    FIRST.write_parquet(tmp_path / "sales" / "a.parquet")
    with pytest.raises(UnreadableTable, match=r"a folder without a file to read: it holds a\.parquet"):
        Csv(path="sales").run(ctx)


def test_names_of_folders_that_look_like_columns_are_told_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "sales" / "year=2013").mkdir(parents=True)
    FIRST.write_parquet(tmp_path / "sales" / "year=2013" / "a.parquet")
    said: list[str] = []
    frame = Parquet(path="sales").run(Context(folder=tmp_path, tell=said.append)).collect()
    assert frame.columns == ["n"]
    assert said == ["sales/ has folders called like 'year=2013': their names are no columns, the files' own are"]


def test_a_folder_is_shown_by_its_files_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales").mkdir()
    (tmp_path / "sales" / "a.csv").write_text("n;x\n1;2,5\n")
    found = show_file("sales/")
    assert (found.kind, found.rows, list(found.columns)) == ("read.csv", 1, ["n", "x"])
    FIRST.write_parquet(tmp_path / "sales" / "b.parquet")
    with pytest.raises(UnreadableTable, match=r"holds files of read\.csv and read\.parquet"):
        show_file("sales/")
