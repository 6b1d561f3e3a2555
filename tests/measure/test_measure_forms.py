"""A form that is found is one that all words have, by the grammar that rules are checked with."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from flights import flights
from modelyard.measure.forms import form
from modelyard.rows.pattern import Pattern


@settings(deadline=None, max_examples=300)
@given(some.lists(some.text(alphabet="AbZ09-./(*^[\\ é\n", max_size=6), max_size=8))
def test_every_word_is_written_like_the_form_of_all_whatever_signs_it_holds(words: list[str]) -> None:
    found = form(words)
    if found is not None:
        assert all(Pattern(found).matches(word) for word in words)
        assert form(reversed(words)) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["SW1A 1AA", "W1 9XX", "EC1A 4JQ"], "[0-9A-Z]{2,4} [0-9][A-Z]{2}"),
        (["192.168.0.1", "10.0.0.12"], "[0-9]{2,3}\\.[0-9]{1,3}\\.[0-9]\\.[0-9]{1,2}"),
        (["a3f9", "07bc", "ffff"], "[0-9a-z]{4}"),
        (["007", "042"], "[0-9]{3}"),
        (["Mr. Brown", "Mrs. Jones"], None),
        (["EUR", "USDT"], None),
        (["x1", "x-1"], None),
        (["x1", ""], None),
        (["é1", "é2"], None),
        ([], None),
    ],
)
def test_codes_have_forms_and_names_have_none(words: list[str], found: str | None) -> None:
    assert form(words) == found


def test_one_tail_number_of_the_year_does_not_begin_with_n() -> None:
    tails = flights()["tailnum"].drop_nulls().unique().to_list()
    assert form(tails) == "[0-9A-Z]{5,6}"
    assert form(tail for tail in tails if tail.startswith("N")) == "N[0-9A-Z]{4,5}"
