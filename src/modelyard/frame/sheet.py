"""One sheet of a workbook (xlsx, xlsm, xls, ods) as rows of plain values, by python-calamine.

Before it is read, its extent is looked at (extent.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from msgspec import Struct, json

from modelyard.errors import did_you_mean
from modelyard.errors.data import UnreadableTable
from modelyard.errors.system import MissingExtra
from modelyard.frame.extent import looked_at
from modelyard.frame.values import Value, text

LONG = re.compile(r"PT(\d+)H(\d+)M(\d+)S")
"""How an ods file writes a duration; the reader gives those of a day and more as this text."""
Cell = int | float | str | bool | time | date | datetime | timedelta


class Line(Struct, frozen=True):
    """A row: its number as the spreadsheet shows it, its values, and its text as JSON; `row` may say why it is none."""

    number: int
    text: bytes
    row: dict[str, Value] | str


def lines(path: Path, sheet: str | int, header_row: int) -> tuple[list[str], Iterator[Line]]:
    """The names in the header; the rows under it, blank ones left out. `sheet`: its name, or its place from 1;
    `header_row` from 1. Raises UnreadableTable, MissingExtra."""
    grid, top = _grid(path, sheet)
    place = header_row - 1 - top
    if not 0 <= place < len(grid):
        found = f"row {header_row} holds no header" if grid else "the sheet is empty"
        raise UnreadableTable(found, where=str(path), way_out="correct `sheet:` or `header_row:`")
    names = _names(grid[place], path, header_row)
    below = enumerate(grid[place + 1 :], header_row + 1)
    rows = (_line(number, names, cells) for number, cells in below if any(cell != "" for cell in cells))
    return list(names.values()), rows


def _grid(path: Path, sheet: str | int) -> tuple[list[list[Cell]], int]:
    """The cells, and how many empty rows lie before them."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise MissingExtra(
            "python-calamine is not installed", who="read.excel", way_out="pip install 'modelyard[excel]'"
        ) from None
    looked_at(path)
    try:
        book = CalamineWorkbook.from_path(path)
        found = book.get_sheet_by_name(_named(book.sheet_names, sheet, path))
        return found.to_python(), (found.start or (0, 0))[0]
    except (CalamineError, OSError) as error:
        way_out = "save it again as xlsx, without a password"
        raise UnreadableTable(f"is no workbook: {error}", where=str(path), way_out=way_out) from None


def _named(there: list[str], sheet: str | int, path: Path) -> str:
    if isinstance(sheet, str):
        if sheet not in there:
            raise UnreadableTable(f"no sheet {sheet!r}", where=str(path), way_out=did_you_mean(sheet, there))
        return sheet
    if not 1 <= sheet <= len(there):
        raise UnreadableTable(f"no sheet {sheet}, there are {len(there)}", where=str(path), way_out="correct `sheet:`")
    return there[sheet - 1]


def _names(cells: list[Cell], path: Path, row: int) -> dict[int, str]:
    names: dict[int, str] = {}
    for place, cell in enumerate(cells):
        name = _value(cell)
        if name is None:
            continue
        if text(name) in names.values():
            raise UnreadableTable(f"the header names {text(name)!r} twice", where=f"{path}, row {row}")
        names[place] = text(name) or ""
    return names


def _line(number: int, names: dict[int, str], cells: list[Cell]) -> Line:
    values = [_value(cell) for cell in cells]
    beyond = next((place for place, value in enumerate(values) if value is not None and place not in names), None)
    written = json.encode([text(value) for value in values])
    if beyond is not None:
        return Line(number, written, f"a value, {text(values[beyond])!r}, in a column without a header")
    return Line(number, written, {name: values[place] for place, name in names.items()})


def _clock(length: timedelta) -> str:
    """As a spreadsheet writes it, hours beyond a day too.

    >>> _clock(timedelta(days=1, hours=12)), _clock(timedelta(minutes=-90)), _clock(timedelta(seconds=1.5))
    ('36:00:00', '-01:30:00', '00:00:01.500000')
    """
    whole, rest = divmod(abs(length), timedelta(seconds=1))
    clock = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{'-' * (length < timedelta(0))}{clock}" + (f".{rest.microseconds:06}" if rest else "")


def _value(cell: Cell) -> Value:
    """Whole floats are integers (a spreadsheet knows no others); times of day and durations are words."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if isinstance(cell, timedelta):
        return _clock(cell)
    if isinstance(cell, time):
        return str(cell)
    if isinstance(cell, str) and (found := LONG.fullmatch(cell)):
        return ":".join(part.zfill(2) for part in found.groups())
    return None if cell == "" else cell
