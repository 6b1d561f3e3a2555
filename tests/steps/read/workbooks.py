"""Workbooks written for the tests: xlsx and xls by libraries that only write, ods by hand, as its standard says."""

from __future__ import annotations

import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter
import xlwt

Cells = list[list[Any]]
MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = f"""<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{MIMETYPE}"/></manifest:manifest>"""
CALCEXT = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
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
                elif isinstance(value, timedelta):
                    sheet.write_datetime(row, column, value, book.add_format({"num_format": "[h]:mm:ss"}))
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
                style = xlwt.Style.default_style
                if isinstance(value, timedelta):
                    value, style = value / timedelta(days=1), xlwt.easyxf(num_format_str="[h]:mm:ss")
                elif isinstance(value, date):
                    style = xlwt.easyxf(num_format_str="YYYY-MM-DD")
                if value == "#DIV/0!":
                    sheet.row(row).set_cell_error(column, 7)
                else:
                    sheet.write(row, column, value, style)
    book.save(str(path))


def _ods(path: Path, sheets: dict[str, Cells]) -> None:
    tables = ""
    for name, cells in sheets.items():
        rows = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in cells)
        tables += f'<table:table table:name="{name}">{rows}</table:table>'
    content = f"<office:document-content {NAMES} {CALCEXT}><office:body><office:spreadsheet>{tables}"
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
    elif isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        value = f"PT{seconds // 3600:02}H{seconds // 60 % 60:02}M{seconds % 60:02}S"
        kind, key = "time", "time-value"
    elif value == "#DIV/0!":  # as LibreOffice writes it
        return (
            '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
            'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
        )
    else:
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    shown = str(value).lower() if isinstance(value, bool) else value
    return f'<table:table-cell office:value-type="{kind}" office:{key}="{shown}"><text:p>x</text:p></table:table-cell>'
