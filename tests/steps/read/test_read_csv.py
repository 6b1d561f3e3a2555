"""read.csv: packed, encoded, drifting and broken files become a table, or an error with a place."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.frame import parsed
from modelyard.step.context import Context
from modelyard.steps.read import csv as module
from modelyard.steps.read.csv import Csv

TEXT = "n,c\n1,é\n2,x\n"


def read(folder: Path, **parameters: Any) -> tuple[pl.DataFrame, list[str]]:
    said: list[str] = []
    step = Csv(**{"path": "a.csv", **parameters})
    ctx = Context(folder=folder, tell=said.append)
    frame = step.run(ctx).collect()
    assert step.peek(ctx).names == tuple(frame.columns)
    return frame, said


def kept(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "bad.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zip", "a.csv.zst"])
def test_a_packed_file_is_the_same_table(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(TEXT.encode()))
    elif name.endswith("zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.csv", TEXT)
    else:
        pl.DataFrame({"n": [1, 2], "c": ["é", "x"]}).write_csv(path, compression="zstd")
    assert read(tmp_path, path=name)[0].to_dict(as_series=False) == {"n": [1, 2], "c": ["é", "x"]}
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(UnreadableTable, match=name):
        read(tmp_path, path=name)


def test_a_zip_of_two_files_is_refused_by_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr("b.csv", TEXT)
    with pytest.raises(UnreadableTable, match=r"2 files: a\.csv, b\.csv"):
        read(tmp_path, path="a.zip")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8-sig", "utf8"])
def test_an_encoding_is_read_as_it_is_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT.replace("\n", "\r\n").encode(encoding))
    assert read(tmp_path, encoding=encoding)[0]["c"].to_list() == ["é", "x"]


def test_the_wrong_encoding_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"n,c\n1,x\n2,\xe9\n")
    with pytest.raises(UnreadableTable, match=r"no UTF-8.*line 3.*encoding"):
        read(tmp_path)
    with pytest.raises(UnreadableTable, match=r"not ascii.*line 3"):
        read(tmp_path, encoding="ascii")
    with pytest.raises(UnreadableTable, match="no encoding 'klingon'"):
        read(tmp_path, encoding="klingon")
    (tmp_path / "a.csv").write_bytes("n\n1\n".encode("utf-16"))
    with pytest.raises(UnreadableTable, match="encoding: utf-16"):
        read(tmp_path)


def test_lines_may_end_in_a_lone_carriage_return_and_blank_ones_are_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\r\rn,c\r1,x\r\r2,y\r\r")
    assert read(tmp_path)[0].to_dict(as_series=False) == {"n": [1, 2], "c": ["x", "y"]}


def test_decimal_commas_and_thousands(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("p;q\n1.234,5;1.000\n7,25;12\n")
    frame, _ = read(tmp_path, delimiter=";", decimal=",", thousands=".")
    assert frame.to_dict(as_series=False) == {"p": [1234.5, 7.25], "q": [1000, 12]}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a,b\n1,2\n3\n", "fewer values than the header's 2: '3'.*line 3"),
        ("a,b\n1,2\n\n3,4,5\n", "more values than the header's 2: '3,4,5'.*line 4"),
        ('a,b\n1,"x\ny"\n3,q"\n', "a quote inside a value.*line 4"),
        ('a,b\n1,x\n3,"q\n', "a quote that is never closed.*line 3"),
        ("a,b\n" + "1,2\n" * 100_000 + "x,2\n", "'a' holds no integer: 'x,2'.*line 100002"),
        ('"a,b\n', "line 1"),
        ("\n\n", "empty"),
    ],
)
def test_a_row_that_does_not_parse_is_an_error_that_names_its_line(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UnreadableTable, match=rf"{place}"):
        Csv(path="a.csv").run(Context(folder=tmp_path))


def test_rows_that_do_not_parse_are_kept_with_line_text_and_reason(tmp_path: Path) -> None:
    body = b'n,t,c\n1,2013-01-01,x\n2,2013-01-02\n\n3,2013-02-30,"y\nz"\nx,2013-01-04,y\n'
    body += b'5,2013-01-05,\xff\n6,2013-01-06,a"b\n'
    (tmp_path / "a.csv").write_bytes(body + b"7,2013-01-07,y\n" * 9)
    frame, said = read(tmp_path, types={"n": "integer", "t": "datetime"}, quarantine="bad.jsonl")
    assert frame["n"].to_list() == [1] + [7] * 9
    assert [(row["line"], row["reason"]) for row in kept(tmp_path)] == [
        (3, "fewer values than the header's 3"),
        (5, "column 't' holds no datetime"),
        (7, "column 'n' holds no integer"),
        (8, "bytes that are no UTF-8"),
        (9, "a quote inside a value"),
    ]
    assert [row["text"] for row in kept(tmp_path)][1:4] == [
        '3,2013-02-30,"y\nz"',
        "x,2013-01-04,y",
        "5,2013-01-05,\\xff",
    ]
    assert said == [
        "5 of 15 rows do not parse and are kept in bad.jsonl; first: a.csv, line 3: fewer values than the header's 3"
    ]


def test_a_file_without_bad_rows_says_nothing_and_empties_the_quarantine(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    (tmp_path / "bad.jsonl").write_text("{}\n")
    assert read(tmp_path, quarantine="bad.jsonl")[1] == kept(tmp_path) == []


def test_where_hardly_a_row_parses_the_delimiter_is_wrong_not_the_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1\n2\n3\n4,5\n")
    with pytest.raises(UnreadableTable, match=r"3 of 4 rows do not parse.*delimiter"):
        read(tmp_path, quarantine="bad.jsonl")


def test_files_with_drifting_columns_are_one_table_by_name_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "a-1.csv").write_text("n,c\n1,x\n")
    (tmp_path / "a-2.csv").write_text("c,n,late\ny,2.5,7\n")
    (tmp_path / "a-3.csv").write_text("n,late\n3,8\n")
    frame, said = read(tmp_path, path="a-*.csv")
    assert frame.to_dict(as_series=False) == {
        "n": [1.0, 2.5, 3.0], "c": ["x", "y", None], "late": [None, 7, 8],
    }  # fmt: skip
    assert said == ["a-1.csv has no 'late': null there", "a-3.csv has no 'c': null there"]
    chosen, said = read(tmp_path, path="a-*.csv", columns=("n",))
    assert chosen.equals(frame.select("n"))
    assert said == []
    with pytest.raises(MissingColumn, match="did you mean 'late'"):
        read(tmp_path, path="a-*.csv", columns=("lat",))


def test_files_that_share_no_column_are_no_table(tmp_path: Path) -> None:
    (tmp_path / "a-1.csv").write_text("n\n1\n")
    (tmp_path / "a-2.csv").write_text("x\n1\n")
    with pytest.raises(UnreadableTable, match=r"no column with the files before.*a-2\.csv"):
        read(tmp_path, path="a-*.csv")


def test_kinds_are_found_in_the_same_rows_before_a_run_and_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INFER", 3)
    (tmp_path / "a.csv").write_text('n,c\n\n1,x\n2\n2,"y\n"\n\n5,u"v\n3,w\nx,z\n4,z\n')
    frame, said = read(tmp_path, quarantine="bad.jsonl")
    assert frame["n"].to_list() == [1, 2, 3, 4]
    assert [(row["line"], row["text"]) for row in kept(tmp_path)] == [(4, "2"), (8, '5,u"v'), (10, "x,z")]
    assert len(said) == 1
    monkeypatch.setattr(module, "INFER", 5)
    assert read(tmp_path, quarantine="bad.jsonl")[0]["n"].to_list() == ["1", "2", "3", "x", "4"]


CODED = "n,f,zip\n" + "".join(f"{n},{n}.5,{10_000 + n}\n" for n in range(100_000)) + "7,0.5,00123\n8,007,00124\n"


@pytest.mark.parametrize("native", [True, False])
def test_a_code_after_the_rows_that_kinds_are_found_in_is_said_with_its_line(
    tmp_path: Path, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not native:
        monkeypatch.setattr(parsed, "native", None)
    (tmp_path / "a.csv").write_text(CODED)
    frame, said = read(tmp_path)
    assert frame["zip"][-1] == 124
    assert said == [
        "'f' holds numbers in its first 100,000 rows, but a.csv, line 100003 holds the code '007', read as a number: "
        "declare types: {f: category}",
        "'zip' holds whole numbers in its first 100,000 rows, but a.csv, line 100002 holds the code '00123', read as a "
        "number: declare types: {zip: category}",
    ]
    declared, nothing = read(tmp_path, types={"zip": "category", "f": "number"})
    assert declared["zip"][-1] == "00124"
    assert nothing == []


def test_a_code_among_numbers_with_marks_is_said_too(tmp_path: Path) -> None:
    rows = "".join(f'"1.{n:03},5";{n}\n' for n in range(100_000 // 100))
    (tmp_path / "a.csv").write_text("f;n\n" + rows * 101 + '"007";1\n')
    _, said = read(tmp_path, delimiter=";", decimal=",", thousands=".")
    assert len(said) == 1
    assert "line 101002 holds the code '007'" in said[0]
