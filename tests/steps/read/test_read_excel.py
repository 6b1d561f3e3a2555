"""read.excel: a sheet of every kind of workbook becomes a table, or an error with a place."""

from __future__ import annotations

import json
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

sys.path.insert(0, str(Path(__file__).parent))

from workbooks import write

from modelyard.errors.data import UnreadableTable
from modelyard.errors.system import MissingExtra
from modelyard.step.context import Context
from modelyard.steps.read.excel import Excel

CELLS = [
    ["n", "x", "c", "t", "b"],
    [1, 0.5, "007", date(2013, 1, 1), True],
    [None, None, None, None, None],
    [2, 3, None, date(2013, 1, 2), False],
]


def read(folder: Path, **parameters: Any) -> tuple[pl.DataFrame, list[str]]:
    said: list[str] = []
    ctx, step = (
        Context(folder=folder, zone="America/New_York", tell=said.append),
        Excel(**{"path": "a.xlsx", **parameters}),
    )
    frame = step.run(ctx).collect()
    assert step.peek(ctx).names == tuple(frame.columns)
    return frame, said


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods"])
def test_every_kind_of_workbook_is_the_same_table(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, first=[["z"], [1]], rows=[["a title", None], [None], *CELLS])
    for sheet in ("rows", 2):
        frame, _ = read(tmp_path, path=name, sheet=sheet, header_row=3)
        assert frame.drop("t").to_dict(as_series=False) == {
            "n": [1, 2], "x": [0.5, 3.0], "c": ["007", None], "b": [True, False],
        }  # fmt: skip
        assert frame["t"].dt.timestamp("us").to_list() == [1_357_016_400_000_000, 1_357_102_800_000_000]


def test_a_row_that_does_not_parse_is_named_or_kept(tmp_path: Path) -> None:
    cells = [["n", "c"], [1, "a"], ["x", "b"], [3, "c", "beyond"], [4, "d"], [5, "e"]]
    write(tmp_path / "a.xlsx", s=cells)
    with pytest.raises(UnreadableTable, match=r"without a header.*'beyond'|'beyond'.*without a header.*line 4"):
        read(tmp_path, types={"n": "integer"})
    frame, said = read(tmp_path, types={"n": "integer"}, quarantine="bad.jsonl")
    assert frame["n"].to_list() == [1, 4, 5]
    kept = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert [(row["line"], row["text"]) for row in kept] == [(4, '["3","c","beyond"]'), (3, '["x","b",null]')]
    assert said == [f"2 of 5 rows do not parse and are kept in bad.jsonl; first: a.xlsx, line 4: {kept[0]['reason']}"]


def test_cells_that_hold_an_error_are_null_with_a_word(tmp_path: Path) -> None:
    write(tmp_path / "a.xlsx", s=[["n"], [1], ["#DIV/0!"], [3], [None]])
    frame, said = read(tmp_path, types={})
    assert frame["n"].to_list() == [1, 3]
    assert said == ["a.xlsx has 1 cells that hold an error such as #DIV/0!: null there"]


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"sheet": "rowz"}, "did you mean 'rows'"),
        ({"sheet": 3}, "there are 2"),
        ({"sheet": "empty"}, "the sheet is empty"),
        ({"header_row": 9}, "row 9 holds no header"),
        ({"path": "twice.xlsx"}, "'a' twice"),
        ({"path": "torn.xlsx"}, r"no workbook.*torn\.xlsx"),
        ({"path": "text.xlsx"}, r"no workbook.*text\.xlsx"),
    ],
)
def test_what_is_no_table_is_an_error_that_says_where(tmp_path: Path, parameters: dict[str, Any], place: str) -> None:
    write(tmp_path / "a.xlsx", rows=CELLS, empty=[])
    write(tmp_path / "twice.xlsx", rows=[["a", "a"], [1, 2]])
    (tmp_path / "torn.xlsx").write_bytes((tmp_path / "a.xlsx").read_bytes()[:900])
    (tmp_path / "text.xlsx").write_bytes(b"n,c\n1,2\n")
    with pytest.raises(UnreadableTable, match=place):
        read(tmp_path, **parameters)


def test_without_its_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.xlsx", rows=CELLS)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(MissingExtra, match=r"modelyard\[excel\]"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["a.xlsx", "a.ods"])
def test_two_cells_in_far_corners_are_an_error_not_the_end_of_the_process(tmp_path: Path, name: str) -> None:
    if name == "a.xlsx":
        with xlsxwriter.Workbook(tmp_path / name) as book:
            sheet = book.add_worksheet("s")
            sheet.write(0, 0, "a")
            sheet.write(1_048_575, 16_383, 1)
    else:
        write(tmp_path / name, s=[["a"], [1]])
        many = b'table:number-columns-repeated="16384" office:value-type="float"'
        with zipfile.ZipFile(tmp_path / name) as archive:
            members = {one: archive.read(one) for one in archive.namelist()}
        body = members["content.xml"].replace(b'office:value-type="float"', many)
        members["content.xml"] = body.replace(
            b"<table:table-row>", b'<table:table-row table:number-rows-repeated="9999">'
        )
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for one, content in members.items():
                archive.writestr(one, content)
    with pytest.raises(UnreadableTable, match=r"16,384 columns, beyond 50,000,000 cells"):
        read(tmp_path, path=name)
