"""Workbooks written for the tests: xlsx and xls by libraries that only write, ods by hand, as its standard says."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter
import xlwt

Cells = list[list[Any]]
MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = f"""<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{MIMETYPE}"/></manifest:manifest>"""
NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


def write(path: Path, **sheets: Cells) -> None:
    {".xlsx": _xlsx, ".xls": _xls, ".ods": _ods}[path.suffix](path, sheets)


def _xlsx(path: Path, sheets: dict[str, Cells]) -> None:
    book = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd", "strings_to_formulas": False})
    for name, cells in sheets.items():
        sheet = book.add_worksheet(name)
        for row, values in enumerate(cells):
            for column, value in enumerate(values):
                if value == "#DIV/0!":
                    sheet.write_formula(row, column, "=1/0", None, value)
                elif isinstance(value, date):
                    sheet.write_datetime(row, column, value)
                elif isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write(row, column, value)
    book.close()


def _xls(path: Path, sheets: dict[str, Cells]) -> None:
    book = xlwt.Workbook()
    for name, cells in sheets.items():
        sheet = book.add_sheet(name)
        for row, values in enumerate(cells):
            for column, value in enumerate(values):
                style = (
                    xlwt.easyxf(num_format_str="YYYY-MM-DD") if isinstance(value, date) else xlwt.Style.default_style
                )
                sheet.write(row, column, value, style)
    book.save(str(path))


def _ods(path: Path, sheets: dict[str, Cells]) -> None:
    tables = ""
    for name, cells in sheets.items():
        rows = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in cells)
        tables += f'<table:table table:name="{name}">{rows}</table:table>'
    content = f"<office:document-content {NAMES}><office:body><office:spreadsheet>{tables}"
    content += "</office:spreadsheet></office:body></office:document-content>"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", MIMETYPE)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", f'<?xml version="1.0" encoding="UTF-8"?>{content}')


def _ods_cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, bool):
        kind, key = "boolean", "boolean-value"
    elif isinstance(value, int | float):
        kind, key = "float", "value"
    elif isinstance(value, date):
        kind, key = "date", "date-value"
    else:
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    shown = str(value).lower() if isinstance(value, bool) else value
    return f'<table:table-cell office:value-type="{kind}" office:{key}="{shown}"><text:p>x</text:p></table:table-cell>'
