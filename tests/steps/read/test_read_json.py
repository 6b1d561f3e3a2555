"""read.json: records, lines and nested objects become a table, or an error with a place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.errors.project import BadParameter
from modelyard.step.context import Context
from modelyard.steps.read import json as module
from modelyard.steps.read.json import Json

ROWS = [
    {"id": 1, "at": "2013-01-01T05:00:00Z", "who": {"name": "Ada", "tags": ["x", "y"]}, "ok": True},
    {"id": 2, "at": None, "who": {"name": "Bob", "age": 2.5}, "ok": False},
]


def read(folder: Path, **parameters: Any) -> pl.DataFrame:
    step = Json(**{"path": "a.json", **parameters})
    frame = step.run(Context(folder=folder)).collect()
    assert step.peek(Context(folder=folder)).names == tuple(frame.columns)
    return frame


@pytest.mark.parametrize("layout", ["records", "pretty", "lines", "under", "packed"])
def test_every_layout_is_the_same_table(tmp_path: Path, layout: str) -> None:
    text = {
        "lines": "\n".join(map(json.dumps, ROWS)) + "\n\n",
        "pretty": json.dumps(ROWS, indent=2),
        "under": json.dumps({"meta": {"n": 2}, "data": {"rows": ROWS}}),
    }.get(layout, json.dumps(ROWS))
    name = "a.json.gz" if layout == "packed" else "a.json"
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if layout == "packed" else text.encode())
    frame = read(tmp_path, path=name, records="data.rows" if layout == "under" else "")
    assert frame.drop("at").to_dict(as_series=False) == {
        "id": [1, 2],
        "who.name": ["Ada", "Bob"],
        "who.tags": ['["x","y"]', None],
        "ok": [True, False],
        "who.age": [None, 2.5],
    }
    assert frame["at"].dt.timestamp("us").to_list() == [1_357_016_400_000_000, None]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1}\n{"a": \n', r"no JSON object.*line 2"),
        ('{"a": 1}\n[1]\n', r"no JSON object.*line 2"),
        ('{"a": 1}\n{"a": 1, "a": 2}\n', r"a key stands twice.*line 2"),
        ('{"a": NaN}\n', r"malformed.*line 1"),
        ('[{"a": 1},\n\n7]', r"no JSON object.*line 3"),
        ('[{"a": 1},\n{"a": 2}', r"no array of objects.*line 2"),
        ('{"a": ' + "[" * 100_000 + "\n", r"nests deeper.*line 1"),
        ('{"a.b": 1, "a": {"b": 2}}', r"two values for 'a\.b'.*line 1"),
        ("", "no columns"),
        ("[]", "no columns"),
        ("{}\n", "no columns"),
    ],
)
def test_what_is_no_table_is_an_error_with_its_line(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UnreadableTable, match=place):
        read(tmp_path)


def test_a_missing_path_to_the_records_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"meta": 1, "rows": []}')
    with pytest.raises(UnreadableTable, match=r"no key 'data'; there is: meta, rows"):
        read(tmp_path, records="data")


def test_rows_that_do_not_parse_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INFER", 2)
    text = b'{"a": 1}\n{"a":\n{"a": 2}\n{"a": "x"}\n{"a": 3, "new": 1}\n{"a": "\xff"}\n' + b'{"a": 4}\n' * 5
    (tmp_path / "a.json").write_bytes(text)
    said: list[str] = []
    frame = Json(path="a.json", quarantine="q/bad.jsonl").run(Context(folder=tmp_path, tell=said.append)).collect()
    assert frame.to_dict(as_series=False) == {"a": [1, 2, 4, 4, 4, 4, 4]}
    kept = [json.loads(line) for line in (tmp_path / "q/bad.jsonl").read_text().splitlines()]
    assert sorted((row["line"], row["text"]) for row in kept) == [
        (2, '{"a":'), (4, '{"a": "x"}'), (5, '{"a": 3, "new": 1}'), (6, '{"a": "\\xff"}'),
    ]  # fmt: skip
    assert said == [
        f"4 of 11 rows do not parse and are kept in q/bad.jsonl; first: a.json, line 2: {kept[0]['reason']}"
    ]
    (tmp_path / "a.json").write_bytes(b'{"a": 1}\n\n{"a": 1}\n\n{"a": 3, "new": 1}\n')
    with pytest.raises(UnreadableTable, match=r"line 5"):
        read(tmp_path)
    assert read(tmp_path, columns=("a",)).columns == ["a"]
    assert read(tmp_path, types={"new": "integer"})["new"].to_list() == [None, None, 1]


def test_values_of_several_sorts_are_words_and_declared_kinds_are_read_from_words(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"a": 1, "b": "2", "c": 18446744073709551616}, {"a": "x", "b": 3, "c": 1}]')
    frame = read(tmp_path, types={"b": "number"})
    assert frame.to_dict(as_series=False) == {"a": ["1", "x"], "b": [2.0, 3.0], "c": ["18446744073709551616", "1"]}
    with pytest.raises(MissingColumn, match="did you mean 'a'"):
        read(tmp_path, columns=("aa",))
    with pytest.raises(MissingColumn, match="'z', which no row has"):
        read(tmp_path, types={"z": "number"})


@pytest.mark.parametrize(
    ("body", "records", "found"),
    [
        ('[{"a": ' + "[" * 100_000 + "]" * 100_000 + "}]", "", "no array of objects: nests deeper than 32"),
        ('{"d": ' + "[" * 100_000 + "]" * 100_000 + "}", "d", "no object that holds 'd': nests deeper than 32"),
        ("[1, 2]", "", "no JSON object: a number stands there, not an object"),
        ("[[1], [2]]", "", "no JSON object: an array stands there, not an object"),
        ('{"d": true}', "d", "no array of objects: a boolean stands there, not an array"),
        ('{"d": null}', "d.x", "no object that holds 'x': null stands there, not an object"),
    ],
)
def test_what_is_no_table_is_told_in_words_of_json(tmp_path: Path, body: str, records: str, found: str) -> None:
    (tmp_path / "a.json").write_text(body)
    with pytest.raises(UnreadableTable) as caught:
        Json(path="a.json", layout="records", records=records).run(Context(folder=tmp_path))
    assert found in str(caught.value)
    assert "recursion" not in str(caught.value)
    assert "delimiter" not in str(caught.value)


@pytest.mark.parametrize("path", ["in", "in/*.jsonl", "in/bad.jsonl", "."])
def test_what_was_kept_out_is_not_read_the_next_time(path: str) -> None:
    with pytest.raises(BadParameter, match=r"`quarantine:` is in/bad\.jsonl, which .* would read the next time"):
        Json(path=path, quarantine="in/bad.jsonl")
    assert Json(path="in/*.json", quarantine="in/bad.jsonl").path
    assert Json(path="inn", quarantine="in/bad.jsonl").path
