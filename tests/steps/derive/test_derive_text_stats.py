"""derive.text_stats counts what polars counts by the classes of its patterns, whatever the script."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laws import exact, holds
from modelyard.errors.data import WrongType
from modelyard.rows.table import Table, Vector, table
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.derive.text_stats import ALL, TextStats
from texts import many, of_flights, texts

CTX = Context()


def column(values: list[str | None]) -> Table:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return Table({"note": Vector("text", made)}, len(values))


def test_a_hundred_thousand_notes_of_real_flights_are_counted_as_polars_counts_them() -> None:
    new = of_flights(100_000)
    exact(TextStats(columns="note").learn(Batch(new.take(np.arange(5))), CTX), new)


def known(values: list[str | None]) -> list[str | None]:
    """Without characters that this Python's Unicode does not know yet, and polars' does."""
    return [v and "".join(c for c in v if unicodedata.category(c) not in ("Cn", "Co", "Cs")) for v in values]


@settings(deadline=None, max_examples=100)
@given(st.lists(texts, min_size=1, max_size=20).map(known))
def test_any_text_is_counted_alike(values: list[str | None]) -> None:
    exact(TextStats().learn(Batch(column(values)), CTX), column(values))


def test_order_and_batch_change_nothing_and_the_text_stays() -> None:
    train = Batch(column([*many(50), None]))
    holds(TextStats(), train, column([None, *many(40, seed=3)]), CTX)
    made = replay(TextStats(traits=("digits", "words")).learn(train, CTX).learned, column(["9 a", None, ""]))
    assert made.names == ("note", "note_digits", "note_words")
    np.testing.assert_array_equal(made["note_digits"], [1 / 3, np.nan, 0.0])
    np.testing.assert_array_equal(made["note_words"], [2.0, np.nan, 0.0])


def test_shares_say_what_they_are_shares_of() -> None:
    text = "ÀB ǅ९ _+!\n"
    (row,) = np.column_stack(
        [replay(TextStats().learn(Batch(column([text])), CTX).learned, column([text]))[f"note_{t}"] for t in ALL]
    )
    found = dict(zip(ALL, row.tolist(), strict=True))
    assert found["characters"] == 10
    assert found["words"] == 3
    assert found["longest_word"] == 3
    shares = {"letters": 3, "capitals": 2, "digits": 1, "punctuation": 2, "spaces": 3}
    assert {name: found[name] * 10 for name in shares} == pytest.approx(shares)


def test_a_category_is_no_text() -> None:
    with pytest.raises(WrongType, match=r"types: \{note: text\}"):
        TextStats(columns="note").schema(table(note=["a", "b"]).schema, CTX)
