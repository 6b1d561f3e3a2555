"""Whatever a file holds: a table that holds every row, or an error with a place. 2,000 files in all; more by
MODELYARD_EXAMPLES (files of each kind).

Rows are counted by an oracle of its own: what was written is known, so what came out plus what was kept must be it.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from workbooks import write

from modelyard.errors import ModelyardError
from modelyard.frame.schema import schema_of
from modelyard.step.context import Context
from modelyard.step.step import TableStep
from modelyard.steps.read.csv import Csv
from modelyard.steps.read.excel import Excel
from modelyard.steps.read.json import Json

EXAMPLES = int(os.environ.get("MODELYARD_EXAMPLES", "400"))
"""Files of each kind; sheets, which are slow to write, half as many: some 2,000 in all."""
FUZZ = settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))

WORDS = st.sampled_from(
    ["", "1", "-2", "007", "3.5", "1e3", "NA", "true", "2013-01-01", "2013-02-30", "x", "é", '"', "a,b", "a\nb", " 1",
     "\r", "null",
     "9223372036854775808", "inf", "nan", "1_000", "2013-01-01T05:00:00Z", "\x00"]
)  # fmt: skip
CELLS = WORDS | st.text(max_size=4)
NAMES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4, unique=True)


@st.composite
def table(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = draw(NAMES)
    row = st.lists(CELLS, min_size=len(names), max_size=len(names)) | st.lists(CELLS, max_size=5)
    return names, draw(st.lists(row, max_size=8))


def result(step: TableStep, folder: Path) -> tuple[Any, list[dict[str, Any]]] | None:
    """The table and what was kept; None where there was an error, which must name a place."""
    ctx = Context(folder=folder)
    refused: ModelyardError | None = None
    try:
        promised = step.peek(ctx)
        frame = step.run(ctx).collect()
    except ModelyardError as error:
        refused = error
    if refused is not None:
        assert refused.where, refused
        return None
    assert schema_of(frame).names == promised.names
    assert [c.kind for c in schema_of(frame)] == ["category" if c.kind == "text" else c.kind for c in promised]
    kept = folder / "bad.jsonl"
    return frame, [json.loads(line) for line in kept.read_text().split("\n")[:-1]] if kept.exists() else []


@FUZZ
@given(body=st.binary(max_size=80) | st.text('ab1,"\n\r;é', max_size=80).map(str.encode), keep=st.booleans())
def test_any_bytes_as_csv_are_a_table_or_an_error_with_a_place(body: bytes, keep: bool) -> None:
    with TemporaryDirectory() as name:
        (Path(name) / "a.csv").write_bytes(body)
        result(Csv(path="a.csv", quarantine="bad.jsonl" if keep else None), Path(name))


WRITERS = st.sampled_from([("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)])
NULL_WORDS = ("", "NA", "NaN", "null")


def written(rows: list[list[str]], ending: str, quoting: int) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator=ending).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


@FUZZ
@given(made=table(), writer=WRITERS)
def test_no_row_and_no_value_of_a_written_csv_is_lost(made: tuple[list[str], list[list[str]]], writer: Any) -> None:
    names, rows = made
    rows = [row for row in rows if row]
    with TemporaryDirectory() as name:
        (Path(name) / "a.csv").write_bytes(written([names, *rows], *writer))
        found = result(Csv(path="a.csv", quarantine="bad.jsonl"), Path(name))
        strict = result(Csv(path="a.csv"), Path(name))
    right = [row for row in rows if len(row) == len(names)]
    wrong = len(rows) - len(right)
    assert (strict is None) == bool(wrong)
    if found is None:
        assert wrong > max(len(right), 1)
        return
    frame, kept = found
    assert (frame.height, len(kept)) == (len(right), wrong)
    for place, column in enumerate(names):
        seen = [None if row[place] in NULL_WORDS else row[place].encode("utf-8", "replace").decode() for row in right]
        assert frame[column].is_null().to_list() == [value is None for value in seen]
        if frame[column].dtype == pl.String:
            assert frame[column].to_list() == seen


KINDS = st.dictionaries(
    st.sampled_from("abcd"),
    st.sampled_from(["integer", "number", "boolean", "datetime", "category", "text"]),
    max_size=3,
)
MARKS = st.sampled_from([{}, {"decimal": ","}, {"thousands": ","}, {"thousands": ".", "decimal": ","}])


@settings(FUZZ, max_examples=max(EXAMPLES // 2, 1))
@given(made=table(), writer=WRITERS, kinds=KINDS, marks=MARKS)
def test_a_value_of_another_kind_than_declared_costs_its_row_alone(
    made: tuple[list[str], list[list[str]]], writer: Any, kinds: dict[str, Any], marks: dict[str, Any]
) -> None:
    names, rows = made
    rows = [row for row in rows if row]
    with TemporaryDirectory() as name:
        (Path(name) / "a.csv").write_bytes(written([names, *rows], *writer))
        types = {column: kind for column, kind in kinds.items() if column in names}
        found = result(Csv(path="a.csv", quarantine="bad.jsonl", types=types, **marks), Path(name))
    if found is not None:
        assert found[0].height + len(found[1]) == len(rows)
        body = written([names, *rows], *writer).decode()
        assert all(row["text"] in body for row in found[1])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | CELLS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "c.d"]), inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "c.d"]), VALUES, max_size=3), max_size=6)


@FUZZ
@given(body=st.binary(max_size=60) | st.text('{}[]":,a1\n e-', max_size=60).map(str.encode), keep=st.booleans())
def test_any_bytes_as_json_are_a_table_or_an_error_with_a_place(body: bytes, keep: bool) -> None:
    with TemporaryDirectory() as name:
        (Path(name) / "a.json").write_bytes(body)
        result(Json(path="a.json", quarantine="bad.jsonl" if keep else None), Path(name))


@FUZZ
@given(objects=OBJECTS, lines=st.booleans(), torn=st.integers(0, 3))
def test_no_object_of_a_written_json_is_lost(objects: list[dict[str, Any]], lines: bool, torn: int) -> None:
    texts = [json.dumps(one) for one in objects]
    if lines:
        texts = [text[: len(text) - (torn if place == 1 else 0)] for place, text in enumerate(texts)]
    body = "\n".join(texts) if lines else f"[{','.join(texts)}]"
    with TemporaryDirectory() as name:
        (Path(name) / "a.json").write_text(body, encoding="utf-8", errors="replace")
        found = result(Json(path="a.json", quarantine="bad.jsonl"), Path(name))
    if found is not None:
        frame, kept = found
        assert frame.height + len(kept) == len([text for text in texts if text])


SHEET = st.lists(
    st.lists(
        st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9) | st.dates() | WORDS, max_size=4
    ),
    max_size=6,
)


@settings(FUZZ, max_examples=max(EXAMPLES // 2, 1))
@given(cells=SHEET, keep=st.booleans(), end=st.sampled_from([".xlsx", ".ods"]))
def test_no_row_of_a_written_sheet_is_lost(cells: list[list[Any]], keep: bool, end: str) -> None:
    cells = [[v.replace("\x00", "").replace("\r", "") if isinstance(v, str) else v for v in row] for row in cells]
    cells = [
        [None if v == "" or (not isinstance(v, str | int | float | None) and v.year < 1905) else v for v in row]
        for row in cells
    ]
    with TemporaryDirectory() as name:
        write(Path(name) / f"a{end}", s=[["a", "b", "c"], *cells])
        found = result(Excel(path=f"a{end}", quarantine="bad.jsonl" if keep else None), Path(name))
    if found is not None:
        frame, kept = found
        assert frame.height + len(kept) == sum(any(value is not None for value in row) for row in cells)


@settings(FUZZ, max_examples=max(EXAMPLES // 2, 1))
@given(hurt=st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), max_size=8), cut=st.integers(0, 6000))
def test_a_damaged_workbook_is_a_table_or_an_error_with_a_place(hurt: list[tuple[int, int]], cut: int) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "a.xlsx"
        write(path, s=[["a", "b"], [1, "x"], [2.5, "y"]])
        body = bytearray(path.read_bytes())
        for place, value in hurt:
            body[place % len(body)] = value
        path.write_bytes(body[: len(body) - cut % 2 * (cut % len(body))])
        result(Excel(path="a.xlsx"), Path(name))
