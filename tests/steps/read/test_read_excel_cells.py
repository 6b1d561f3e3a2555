"""read.excel: what stands in cells of xlsx, xls and ods alike: durations, errors, merged cells, sheets without rows."""

from __future__ import annotations

import sys
import time
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
import xlwt

sys.path.insert(0, str(Path(__file__).parent))

from workbooks import write

from modelyard.errors.data import UnreadableTable
from modelyard.frame.extent import looked_at
from modelyard.step.context import Context
from modelyard.steps.read.excel import Excel

ENDS = (".xlsx", ".xls", ".ods")


def read(folder: Path, name: str, **parameters: Any) -> tuple[pl.DataFrame, list[str]]:
    said: list[str] = []
    return Excel(path=name, **parameters).run(Context(folder=folder, tell=said.append)).collect(), said


@pytest.mark.parametrize("end", ENDS)
def test_a_duration_is_hours_minutes_seconds_also_beyond_a_day(tmp_path: Path, end: str) -> None:
    lengths = [timedelta(hours=1), timedelta(hours=36), timedelta(days=4, hours=2, minutes=5, seconds=7)]
    write(tmp_path / f"a{end}", S=[["d"], *([one] for one in lengths)])
    assert read(tmp_path, f"a{end}")[0]["d"].to_list() == ["01:00:00", "36:00:00", "98:05:07"]


@pytest.mark.parametrize("end", ENDS)
def test_a_header_alone_is_a_table_without_rows_and_an_empty_sheet_is_said_to_be_one(tmp_path: Path, end: str) -> None:
    write(tmp_path / f"a{end}", Head=[["x", "y"]], Empty=[])
    frame, _ = read(tmp_path, f"a{end}")
    assert (frame.columns, frame.height) == (["x", "y"], 0)
    with pytest.raises(UnreadableTable, match="the sheet is empty"):
        read(tmp_path, f"a{end}", sheet="Empty")


@pytest.mark.parametrize(("end", "said"), [(".xlsx", 2), (".ods", 2), (".xls", 0)])
def test_cells_that_hold_an_error_are_null_and_counted_where_they_can_be_told(
    tmp_path: Path, end: str, said: int
) -> None:
    write(tmp_path / f"a{end}", S=[["n"], [1], ["#DIV/0!"], [3], ["#DIV/0!"], [5]], Other=[["m"], [1]])
    frame, words = read(tmp_path, f"a{end}")
    assert frame["n"].drop_nulls().to_list() == [1, 3, 5]
    told = [f"a{end} has {said} cells that hold an error such as #DIV/0!: null there"]
    assert words == (told if said else [])


@pytest.mark.parametrize("since", [1900, 1904])
@pytest.mark.parametrize("end", [".xlsx", ".xls"])
def test_dates_are_those_of_the_workbooks_calendar(tmp_path: Path, end: str, since: int) -> None:
    moment = datetime(2013, 1, 1, 12, 30)
    if end == ".xls":
        old = xlwt.Workbook()
        old.dates_1904 = since == 1904
        sheet = old.add_sheet("S")
        sheet.write(0, 0, "d")
        sheet.write(1, 0, moment, xlwt.easyxf(num_format_str="DD.MM.YYYY HH:MM"))
        old.save(str(tmp_path / "a.xls"))
    else:
        with xlsxwriter.Workbook(tmp_path / "a.xlsx", {"date_1904": since == 1904}) as book:
            page = book.add_worksheet()
            page.write(0, 0, "d")
            page.write_datetime(1, 0, moment, book.add_format({"num_format": "dd.mm.yyyy hh:mm"}))
    assert read(tmp_path, f"a{end}")[0]["d"].dt.replace_time_zone(None).to_list() == [moment]


def test_a_merged_cell_holds_its_value_once(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    sheet.write_merge(0, 0, 0, 1, "Report")
    for column, name in enumerate(("id", "x")):
        sheet.write(2, column, name)
    sheet.write_merge(3, 4, 0, 0, "a")
    for row in (3, 4):
        sheet.write(row, 1, row)
    book.save(str(tmp_path / "a.xls"))
    assert read(tmp_path, "a.xls", header_row=3)[0].rows() == [("a", 3), (None, 4)]


def test_formulas_that_nobody_calculated_are_counted(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        for row, (name, value) in enumerate([("n", "f"), (1, ""), (2, 3), (3, "")]):
            sheet.write(row, 0, name)
            if row:
                sheet.write_formula(row, 1, f"=A{row + 1}+1", None, value)
            else:
                sheet.write(row, 1, value)
    with zipfile.ZipFile(tmp_path / "a.xlsx") as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    page = "xl/worksheets/sheet1.xml"
    members[page] = members[page].replace(b"<v></v>", b"<v/>").replace(b' t="str"', b"")
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as bare:  # as libraries that know no formulas leave them
        for name, body in members.items():
            bare.writestr(name, body)
    frame, said = read(tmp_path, "a.xlsx")
    assert frame["f"].to_list() == [None, 3, None]
    assert said == [
        "a.xlsx has 2 formulas that no program has calculated: null there; open it in a spreadsheet program and save it"
    ]


@pytest.mark.parametrize("start", [b"<c ", b"<c><f ", b"<c><f>", b'<c t="e'])
def test_hostile_markup_is_looked_through_in_one_pass(tmp_path: Path, start: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", start * 200_000)
    began = time.monotonic()
    looked_at(tmp_path / "a.xlsx")
    assert time.monotonic() - began < 5
