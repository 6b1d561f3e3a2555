"""read.arrow: IPC files and streams, as they are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.step.context import Context
from modelyard.steps.read.arrow import Arrow

FRAME = pl.DataFrame(
    {"n": [1, None], "x": [0.5, 1.5], "c": ["b", "a"], "t": [datetime(2013, 1, 1, 5), None], "b": [True, None]},
    schema_overrides={"c": pl.Categorical},
)


@pytest.mark.parametrize("write", ["write_ipc", "write_ipc_stream"])
def test_files_and_streams_are_read_alike(tmp_path: Path, write: str) -> None:
    for name in ("a-1.arrow", "a-2.arrow"):
        getattr(FRAME, write)(tmp_path / name)
    ctx = Context(folder=tmp_path, zone="America/New_York")
    step = Arrow(path="a-*.arrow", types={"n": "number"})
    assert [column.kind for column in step.peek(ctx)] == ["number", "number", "category", "datetime", "boolean"]
    frame = step.run(ctx).collect()
    assert frame["c"].to_list() == ["b", "a", "b", "a"]
    assert frame["t"].dt.timestamp("us").to_list()[:2] == [1_357_034_400_000_000, None]
    assert Arrow(path="a-1.arrow", columns=("x",)).peek(ctx).names == ("x",)


def test_what_is_no_arrow_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    ctx = Context(folder=tmp_path)
    FRAME.write_ipc(tmp_path / "a.arrow")
    for name, body in (("b", b""), ("b", b"n,c\n1,2\n"), ("b", (tmp_path / "a.arrow").read_bytes()[:200])):
        (tmp_path / name).write_bytes(body)
        with pytest.raises(UnreadableTable, match=str(tmp_path / name)):
            Arrow(path=name).run(ctx)
    with pytest.raises(MissingColumn, match="did you mean 'x'"):
        Arrow(path="a.arrow", columns=("xx",)).run(ctx)
    FRAME.select(pl.col("n").cast(pl.String)).write_ipc(tmp_path / "a2.arrow")
    with pytest.raises(UnreadableTable, match="one schema"):
        Arrow(path="a*.arrow", columns=("n",)).run(ctx)
