"""Patterns against Python's own `re`, and what they refuse."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from modelyard.errors.data import BadPattern
from modelyard.rows.pattern import Pattern

PIECES = st.sampled_from(["a", "b", "-", ".", r"\d", r"\W", r"\s", "[a-c]", "[^b1]", r"[\d_-]", r"\.", r"\n", "é"])
TIMES = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "{0}", "{3,}"])
PATTERNS = st.recursive(
    st.tuples(PIECES, TIMES).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(st.lists(inner, min_size=1, max_size=3).map("|".join), TIMES).map(lambda x: f"({x[0]}){x[1]}"),
    ),
    max_leaves=6,
)
TEXTS = st.text("ab-c1_. \né", max_size=10)


@settings(deadline=None, max_examples=500)
@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=8))
def test_a_pattern_matches_what_re_matches_whole(text: str, values: list[str]) -> None:
    pattern, python = Pattern(text), re.compile(text)
    for value in values:
        assert pattern.matches(value) == (python.fullmatch(value) is not None), (text, value)


@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")  # of re, about sets within sets
@settings(deadline=None, max_examples=300)
@given(st.text("ab[]()|*+?{},0123^$\\-.d", max_size=12))
def test_any_text_is_a_pattern_like_res_or_an_error_with_a_place(text: str) -> None:
    pattern = None
    with suppress(BadPattern):
        pattern = Pattern(text)
    assume(pattern is not None)
    assert pattern is not None
    for value in ("", "a", "ab", "aab", "0"):
        assert pattern.matches(value) == (re.compile(f"(?:{text})").fullmatch(value) is not None), (text, value)


@pytest.mark.parametrize(
    "text", ["(", ")", "a)", "[a", "[]", "*a", "a**", "a{", "a{2", "a{3,2}", "a{1001}", r"\1", r"(a)\1", "(?=a)",
             "a^b", "a$b", "[z-a]", r"\b", "(?P<n>a)", "((a{100}){100}){100}", "(" * 60 + ")" * 60, "\\"],
)  # fmt: skip
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(BadPattern):
        Pattern(text)


def test_a_pattern_that_stalls_others_is_read_once() -> None:
    pattern, began = Pattern("(a+)+b"), time.perf_counter()
    assert not pattern.matches("a" * 50_000)
    assert time.perf_counter() - began < 5
    assert Pattern("^[A-Z]{2}$").matches("UA")
    assert Pattern(r"a\$").matches("a$")
