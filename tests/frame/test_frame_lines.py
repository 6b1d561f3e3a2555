"""One pass over delimited text: native as Python, and Python as Python's own csv module."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.frame.lines import STRAY, lines, scan, scan_python

TEXT = st.binary(max_size=60) | st.text('ab,"\n\r;', max_size=60).map(str.encode)
PLACES = st.lists(st.integers(0, 60), max_size=4, unique=True).map(sorted)


@settings(deadline=None, max_examples=500)
@given(body=TEXT, quote=st.sampled_from([-1, 34, 39]), wanted=PLACES, poison=PLACES, longest=st.integers(-1, 9))
def test_the_native_pass_says_what_the_python_one_says(
    body: bytes, quote: int, wanted: list[int], poison: list[int], longest: int
) -> None:
    if scan is scan_python:
        pytest.skip("no native part was built")
    more = (0, 1, longest)
    assert scan(body, 44, quote, wanted, poison, *more) == scan_python(body, 44, quote, wanted, poison, *more)


@settings(deadline=None, max_examples=300)
@given(body=TEXT, at=st.integers(0, 60))
def test_a_text_in_two_parts_parses_as_in_one(body: bytes, at: int) -> None:
    whole = lines(body, ",", '"')
    first = lines(body[:at], ",", '"', longest=60)
    rest = lines(body[first.used :], ",", '"', fields=first.fields, line=first.line)
    assert first.good + rest.good == whole.good
    found = [(bad.line, bad.wrong) for bad in (*first.bad, *rest.bad)]
    assert found == [(bad.line, bad.wrong) for bad in whole.bad]


@settings(deadline=None)
@given(st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=4), max_size=6))
def test_what_a_csv_writer_writes_parses_whole(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    found = lines(text.getvalue().encode("utf-8", "replace"), ",", '"')
    assert found.good == 1 + sum(len(row) == 3 for row in rows)
    assert len(found.bad) == sum(len(row) != 3 for row in rows)


def test_one_stray_quote_costs_one_line() -> None:
    found = lines(b'a,b\n"x,1\ny,2\n5" pipe,3\nz,4\n', ",", '"', wanted=[1, 2])
    assert [(bad.line, bad.wrong) for bad in found.bad] == [(2, STRAY), (4, STRAY)]
    assert found.good + len(found.bad) == 5
    assert [line for _, _, line in found.places] == [3, 5]
