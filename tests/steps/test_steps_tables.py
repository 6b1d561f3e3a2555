"""Reading, checking, deriving and writing tables."""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl
import pytest

from modelyard.errors.data import BadExpression, MissingColumn, RuleBroken, UnreadableTable, WrongType
from modelyard.frame.schema import schema_of
from modelyard.frame.table import to_polars, to_table
from modelyard.rows.rules import breaches
from modelyard.step.context import Context
from modelyard.steps.check.rules import Rules
from modelyard.steps.read.csv import Csv
from modelyard.steps.read.parquet import Parquet
from modelyard.steps.table.derive import Derive
from modelyard.steps.table.drop_duplicates import DropDuplicates
from modelyard.steps.table.filter import Filter
from modelyard.steps.table.select import Select
from modelyard.steps.write.csv import Csv as WriteCsv
from modelyard.steps.write.parquet import Parquet as WriteParquet


def written(folder: Path, text: str) -> Context:
    (folder / "a.csv").write_text(text)
    return Context(folder=folder, zone="America/New_York")


def test_a_csv_with_oddities_is_read_as_meant(tmp_path: Path) -> None:
    ctx = written(tmp_path, '\ufeffn;c;t;b;k\r\n1,5;"x;""y";2013-01-01 05:00:00;yes;01\r\nNA;;;no;02\r\n')
    step = Csv(path="a.csv", delimiter=";", decimal=",", types={"b": "boolean", "k": "category", "c": "text"})
    assert [c.kind for c in step.peek(ctx)] == ["number", "text", "datetime", "boolean", "category"]
    table = to_table(step.run(ctx).collect(), step.peek(ctx))
    assert table["c"].tolist() == ['x;"y', None]
    assert table["t"][0] == 1_357_034_400_000_000
    assert table["b"].tolist() == [1.0, 0.0]
    assert table.vector("k").categories == ("01", "02")


@pytest.mark.parametrize(
    "text",
    ["", "a,a\n1,2\n", "a,b\n1,2,3\n", "a\n" + "1\n" * 100_000 + "x\n"],
    ids=["empty", "twice", "ragged", "late"],
)
def test_a_csv_that_is_no_table_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    ctx = written(tmp_path, text)
    with pytest.raises(UnreadableTable, match=r"a\.csv"):
        Csv(path="a.csv").run(ctx).collect()


def test_a_missing_file_or_column_is_named(tmp_path: Path) -> None:
    ctx = written(tmp_path, "age\n1\n")
    with pytest.raises(UnreadableTable, match="no file"):
        Csv(path="b*.csv").run(ctx)
    with pytest.raises(MissingColumn, match="did you mean 'age'"):
        Csv(path="a.csv", columns=("agee",)).run(ctx)


def test_parquet_round_trips_and_a_glob_is_one_table(tmp_path: Path) -> None:
    ctx = Context(folder=tmp_path)
    frame = pl.DataFrame({"n": [1, None], "c": ["b", "a"], "x": [0.5, 1.5], "b": [True, None]})
    for name in ("p-1.parquet", "p-2.parquet"):
        WriteParquet(path=name).run(ctx, frame.lazy())
    read = Parquet(path="p-*.parquet").run(ctx).collect()
    assert read.height == 4
    assert to_polars(to_table(frame)).equals(frame)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["p-1.parquet", "p-2.parquet"]


def test_a_whole_number_beyond_2_53_is_refused() -> None:
    with pytest.raises(WrongType, match=r"2\^53"):
        to_table(pl.DataFrame({"id": [2**53 + 1]}))


def test_table_steps_answer_their_schema_from_empty_frames() -> None:
    ctx, frame = Context(), pl.DataFrame({"a": [1, 1, 2], "c": ["x", "x", None]})
    schema = schema_of(frame)
    derived = Derive(columns={"late": "a > 1"})
    assert derived.schema(schema, ctx=ctx)["late"].kind == "boolean"
    assert derived.schema(schema, ctx=ctx)["late"].origin == "table"
    assert derived.run(ctx, frame.lazy()).collect()["late"].to_list() == [False, False, True]
    assert Select(columns={"not": "a"}).schema(schema, ctx=ctx).names == ("c",)
    assert Filter(where="is_null(c)").run(ctx, frame.lazy()).collect().height == 1
    assert DropDuplicates().run(ctx, frame.lazy()).collect().height == 2
    with pytest.raises(BadExpression, match="needs a condition"):
        Filter(where="a + 1").schema(schema, ctx=ctx)


def test_rules_stop_quarantine_and_warn_alike_on_frames_and_tables() -> None:
    ctx, frame = Context(), pl.DataFrame({"a": [1.0, -1.0, None], "c": ["x", "y", None]})
    step = msgspec.convert({"use": "check.rules", "columns": {"a": {"min": 0, "else": "quarantine"}}}, Rules)
    assert step.run(ctx, frame.lazy()).collect()["a"].to_list() == [1.0, None]
    stop = msgspec.convert({"use": "check.rules", "columns": {"c": {"categories": ["x"]}}}, Rules)
    with pytest.raises(RuleBroken, match=r"'y'.*row 2"):
        stop.run(ctx, frame.lazy())
    rules = stop.rules(schema_of(frame))
    assert [mask.tolist() for _, mask in breaches(rules, to_table(frame))] == [[False, True, False]]
    with pytest.raises(MissingColumn):
        stop.rules(schema_of(frame.drop("c")))


def test_a_csv_cell_that_looks_like_a_formula_is_guarded(tmp_path: Path) -> None:
    WriteCsv(path="o.csv").run(Context(folder=tmp_path), pl.LazyFrame({"a": ["=1+1", "x"], "n": [-1, 2]}))
    assert (tmp_path / "o.csv").read_text() == "a,n\n'=1+1,-1\nx,2\n"
