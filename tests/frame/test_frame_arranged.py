"""More rows than may be held: in the order of the cursor, part by part, the same as all at once."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.frame.arranged import arranged, taken
from modelyard.frame.bounded import in_order, latest
from modelyard.frame.digest import digest, scanned_digest
from modelyard.frame.spilled import in_parts
from modelyard.frame.stacked import stacked

LAW = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def table(cursors: list[int]) -> pl.DataFrame:
    words = [f"w{n % 7}" * (n % 3) for n in range(len(cursors))]
    return pl.DataFrame({"n": cursors, "k": list(range(len(cursors))), "w": words}, schema_overrides={"n": pl.Int64})


@LAW
@given(cursors=st.lists(st.integers(0, 40), max_size=60), most=st.integers(1, 2_000), held=st.booleans())
def test_rows_on_disk_come_in_the_order_that_sorting_all_at_once_gives(
    tmp_path: Path, cursors: list[int], most: int, held: bool
) -> None:
    rows = table(cursors)
    frame = rows.lazy() if held else taken(rows.lazy().filter(pl.lit(True)), tmp_path / "spill", most=0)
    assert in_parts(frame) is not held or not cursors
    parts = list(arranged(frame, "n", most))
    assert pl.concat(parts).equals(in_order(rows, "n"))
    assert len(parts) == 1 or held or all(part.height for part in parts)


@LAW
@given(cursors=st.lists(st.integers(0, 9), min_size=1, max_size=40), cut=st.integers(1, 12))
def test_stacked_files_are_the_table_and_of_a_key_the_last_row_counts(
    tmp_path: Path, cursors: list[int], cut: int
) -> None:
    rows = table(cursors)
    files = []
    for place, start in enumerate(range(0, rows.height, cut)):
        files.append(tmp_path / f"{place}.parquet")
        rows[start : start + cut].write_parquet(files[-1])
    for key in ((), ("n",), ("n", "w")):
        whole = latest(rows.lazy(), key).collect()
        for most in (0, 10**9):
            found = stacked(files, 10**6, rows.schema, key, most=most)
            assert in_parts(found) is (most == 0)
            assert found.collect().equals(whole)
            assert scanned_digest(found) == digest(whole)
            assert found.filter(pl.col("n") > 4).select("k").collect().equals(whole.filter(pl.col("n") > 4).select("k"))
            assert found.head(3).collect().equals(whole.head(3))


def test_a_source_in_order_is_passed_over_once(tmp_path: Path) -> None:
    frame = taken(table(list(range(1000))).lazy().filter(pl.lit(True)), tmp_path, most=0)
    sizes = [part.height for part in arranged(frame, "", 1)]
    assert sum(sizes) == 1000


@pytest.mark.parametrize("most", [0, None])
def test_an_empty_table_is_one_empty_part(tmp_path: Path, most: int | None) -> None:
    frame = taken(table([]).lazy().filter(pl.lit(True)), tmp_path, most=most)
    (part,) = arranged(frame, "n", 100)
    assert (part.height, part.columns) == (0, ["n", "k", "w"])
