"""read.parquet: what is no whole Parquet file is named before a row is read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from modelyard.errors.data import UnreadableTable
from modelyard.step.context import Context
from modelyard.steps.read.parquet import Parquet


@pytest.mark.parametrize("size", [8, 300, -1])
def test_a_file_that_was_cut_is_named_among_others(tmp_path: Path, size: int) -> None:
    for name in ("a.parquet", "b.parquet"):
        pl.DataFrame({"n": range(100)}).write_parquet(tmp_path / name)
    (tmp_path / "b.parquet").write_bytes((tmp_path / "b.parquet").read_bytes()[:size])
    for read in (Parquet(path="*.parquet").peek, Parquet(path="*.parquet").run):
        with pytest.raises(UnreadableTable, match=r"is cut short: .*b\.parquet\)\. Way out: Get it again, or wait"):
            read(Context(folder=tmp_path))


@pytest.mark.parametrize("body", [b"", b"PAR1", b"n\n1\n"])
def test_what_is_no_parquet_file_is_no_matter_of_delimiters(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(body)
    with pytest.raises(UnreadableTable, match=r"a\.parquet") as caught:
        Parquet(path="a.parquet").run(Context(folder=tmp_path))
    assert "delimiter" not in str(caught.value)
