"""Columns of a block: native as polars, whatever stands in a cell; and a file in blocks as in one."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.frame import blocks, parsed
from modelyard.frame.delimited import Delimited, Dialect
from modelyard.frame.lines import lines
from modelyard.frame.parsed import Form, Wrong
from modelyard.schema.column import Kind

PLAIN = st.sampled_from(
    ["", "1", "-2", "007", "3.5", "1e3", "NA", "x", "é", " 1", "1 ", "\r", "1\r", "null", "9223372036854775808", "inf",
     "nan", "1_000", "+5", "5.", "-.5", ".5", "1e400", "-0", "0.1", "123456789.123456789", "1e-320", "4.35", "-",
     "12345678901234567", "0.30000000000000004", "\x00", "a word of more than twelve", "007", "-07", "+01",
     "00", "01.5", "0", "1E5", "1e+5", "-1e-7"]
)  # fmt: skip
QUOTED = st.sampled_from(["", 'say ""x"" twice', '""', "a,b", "a\nb", 'a longer, quoted ""word""', "1", "NA", "2.5"])
CELL = PLAIN | st.floats().map(repr) | st.integers().map(str) | QUOTED.map(lambda text: f'"{text}"')
ROWS = st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=1, max_size=6))
NULLS = st.sampled_from([("", "NA", "NaN", "null"), ("NA",), ("", "1")])
KINDS = st.tuples(*[st.sampled_from("ifs")] * 3)


def plain(wrong: Wrong) -> dict[str, list[bool]]:
    return {name: mask.to_list() for name, mask in wrong.items() if mask.any()}


@settings(deadline=None, max_examples=500)
@given(rows=ROWS, end=st.sampled_from(["\n", "\r\n"]), last=st.booleans(), nulls=NULLS, kinds=KINDS)
def test_native_columns_are_those_of_polars(
    rows: list[list[str]], end: str, last: bool, nulls: tuple[str, ...], kinds: tuple[str, ...]
) -> None:
    if parsed.native is None:
        pytest.skip("no native part was built")
    body = (end.join(",".join(row) for row in rows) + (end if last else "")).encode()
    found = lines(body, ",", '"')
    names = tuple("abc"[: len(rows[0])])
    if found.bad or found.fields != len(names) or not found.good:
        return
    form = Form(names=names, delimiter=",", quote='"', null_words=nulls)
    wanted = dict(zip(names, kinds, strict=False))
    mine, theirs = parsed._native(parsed.Records(body, found.good, form), wanted), parsed._polars(body, form, wanted)
    assert mine is not None
    assert mine[0].equals(theirs[0])
    assert plain(mine[1]) == plain(theirs[1])
    assert mine[2] == theirs[2]


@pytest.mark.parametrize(
    "word", ["2013-02-28T23:59:59Z", "2012-02-29 00:00:00", "1969-12-31T23:59:59", "0001-01-01T00:00:00Z"]
)
def test_a_moment_is_the_one_that_polars_finds(word: str) -> None:
    form = Form(names=("t",), delimiter=",", quote='"', null_words=("",))
    frame, *_ = parsed.parsed(parsed.Records(f"{word}\n\n".encode(), 2, form), {"t": "s"}, {"t": word})
    told = pl.Series([word.removesuffix("Z")]).str.to_datetime(time_unit="us").dt.replace_time_zone("UTC")
    assert frame["t"].to_list() == [told[0], None]


@pytest.mark.parametrize("word", ["2013-02-29T00:00:00Z", "2013-01-01T24:00:00Z", "2013-01-01 00:00:00Z", "2013-01-01"])
def test_what_is_no_such_moment_comes_as_text(word: str) -> None:
    form = Form(names=("t",), delimiter=",", quote='"', null_words=("",))
    frame, *_ = parsed.parsed(parsed.Records(f"{word}\n".encode(), 1, form), {"t": "s"}, {"t": "2013-01-01T00:00:00Z"})
    assert frame["t"].to_list() == [word]


def test_a_file_in_many_blocks_is_the_table_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f'{n},"a\n{n % 7} ""b""",{n / 8},2013-01-{n % 28 + 1:02}' for n in range(500)]
    rows[100], rows[200], rows[300], rows[400] = '1,"x', "x,b,1.0,2013-01-01", "1,é,1.5,2013-01-40", "1,2"
    (tmp_path / "a.csv").write_text("n,c,f,t\n" + "\n".join(rows))
    kinds: dict[str, Kind] = {"n": "integer", "c": "category", "f": "number", "t": "datetime"}

    def read(piece: int) -> tuple[pl.DataFrame, list[object]]:
        monkeypatch.setattr(blocks, "PIECE", piece)
        found = list(Delimited(tmp_path / "a.csv", Dialect(keep=True)).parts(kinds, "UTC"))
        return pl.concat([frame for frame, _ in found]), [row for _, kept in found for row in kept]

    whole, kept = read(2**22)
    assert whole.height == 496
    assert len(kept) == 4
    for piece in (31, 100, 1000):
        frame, out = read(piece)
        assert frame.equals(whole), piece
        assert out == kept, piece
