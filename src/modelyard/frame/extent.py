"""How large a workbook's sheets are, found before they are read: their reader lays out every cell of the rectangle that
holds them, so that two cells in far corners would take all memory and end the process.

Also counted here: cells of xlsx and ods files that hold an error, which come out of the reader as empty ones.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from msgspec import Struct

from modelyard.errors.data import UnreadableTable
from modelyard.frame.opened import LARGEST

CELLS = 50_000_000
"""Of the rectangle, in any one sheet."""
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
_SHEET = re.compile(r"xl/.*sheet[^/]*\.xml", re.IGNORECASE)
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_ERROR = re.compile(rb"<(?:\w+:)?c\s[^<>]*\bt=[\"']e[\"']")
_UNCALCULATED = re.compile(
    rb"<(?:\w+:)?c\b([^<>]*)>\s*<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A formula without a value; an empty text as its value is one (`t="str"`)."""
ODS_ERROR = b'calcext:value-type="error"'
_ROW = re.compile(rb"<table:table-row\b([^>]*)>(.*?)</table:table-row>", re.DOTALL)
_CELL = re.compile(rb"<table:(?:covered-)?table-cell\b([^>]*)>")
_ROWS = re.compile(rb"number-rows-repeated=[\"'](\d+)[\"']")
_COLUMNS = re.compile(rb"number-columns-repeated=[\"'](\d+)[\"']")


class Empty(Struct, frozen=True):
    """How many cells look empty and are not: they hold an error, or a formula that no program has calculated yet (of
    xlsx files, as libraries write them). 0 in xls files, where nothing tells them apart."""

    errors: int = 0
    uncalculated: int = 0


def looked_at(path: Path) -> Empty:
    """Raises UnreadableTable for
    a sheet beyond CELLS, a file beyond LARGEST, and for xlsb, whose size is not seen without reading it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _looked_at(archive, path)
    except DAMAGED as error:
        if path.suffix.lower() == ".xls":
            return Empty()
        raise UnreadableTable(f"is no workbook: {error}", where=str(path), way_out="save it again as xlsx") from None


def _looked_at(archive: zipfile.ZipFile, path: Path) -> Empty:
    if sum(one.file_size for one in archive.infolist()) > LARGEST:
        raise UnreadableTable(f"unpacks to more than {LARGEST:,} bytes", where=str(path))
    found = formulas = 0
    for name in archive.namelist():
        if name.endswith(".bin") and "worksheets" in name:
            raise UnreadableTable("is an xlsb workbook", where=str(path), way_out="save it as xlsx")
        if _SHEET.fullmatch(name):
            body = archive.read(name)
            _within(*_sheet(body), path, name)
            found += len(_ERROR.findall(body))
            formulas += sum(b't="str"' not in said for said in _UNCALCULATED.findall(body))
        elif name == "content.xml":
            for table in archive.read(name).split(b"<table:table ")[1:]:
                _within(*_table(table), path, name)
                found += sum(_repeats(_COLUMNS, cell) for cell in _CELL.findall(table) if ODS_ERROR in cell)
    return Empty(found, formulas)


def _within(rows: int, columns: int, path: Path, name: str) -> None:
    if rows * columns > CELLS:
        found = f"a sheet of {rows:,} rows and {columns:,} columns, beyond {CELLS:,} cells"
        way_out = "delete cells far from the table, or save the sheet as CSV"
        raise UnreadableTable(found, where=f"{path}, {name}", way_out=way_out)


def _sheet(body: bytes) -> tuple[int, int]:
    """
    >>> _sheet(b'<c r="A1"/><c r="AB7"/>')
    (7, 28)
    """
    rows, columns, letters = 0, 0, set()
    for found in _REFERENCE.finditer(body):
        rows = max(rows, int(found[2]))
        letters.add(found[1])
    for column in letters:
        place = 0
        for letter in column:
            place = place * 26 + letter - 64
        columns = max(columns, place)
    return rows, columns


def _table(body: bytes) -> tuple[int, int]:
    """Repeats count as often as they say, up to the last cell that holds something.

    >>> cell = b'<table:table-cell office:value-type="float" table:number-columns-repeated="9">'
    >>> _table(b'<table:table-row table:number-rows-repeated="5">' + cell + b'</table:table-row>')
    (5, 9)
    """
    rows = last = columns = 0
    for said, content in _ROW.findall(body):
        rows += _repeats(_ROWS, said)
        place = 0
        for cell in _CELL.findall(content):
            place += _repeats(_COLUMNS, cell)
            if b"value-type" in cell:
                last, columns = rows, max(columns, place)
    return last, columns


def _repeats(pattern: re.Pattern[bytes], said: bytes) -> int:
    found = pattern.search(said)
    return int(found[1]) if found else 1
