"""encode.hash is scikit-learn's FeatureHasher for whole values, and its HashingVectorizer for pieces of text."""

from __future__ import annotations

import numpy as np
import pytest

from flights import flights
from laws import exact, holds, written
from modelyard.errors.data import BadSelector, WrongType
from modelyard.rows.table import UNSEEN, Table, Vector, coded
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.encode.hash import Hash
from texts import many, of_flights

CTX = Context()
STEPS = [
    Hash(columns=("note", "plane", "word"), slots=7),
    Hash(columns=("word", "plane"), slots=1, signed=False),
    Hash(columns="text", slots=9, analyzer="word", ngrams=(1, 2), norm="l2"),
    Hash(columns="note", slots=9, analyzer="char_wb", ngrams=(2, 3), signed=False, norm="l1", lower=False),
    Hash(columns="note", slots=300, analyzer="char", ngrams=(1, 3)),
]
EVERY = pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.analyzer}-{step.slots}")


def rows(n: int, start: int = 0, odd: bool = False) -> Table:
    made = of_flights(n, start)
    words = Vector("category", np.arange(n) % 5.0, ("", "a", "b", "é", "日本"))
    if odd:
        words.values[::7], words.values[::11] = UNSEEN, np.nan
        made = made.with_({"note": Vector("text", np.array(many(n, seed=start), dtype=object))})
    return made.with_({"word": words, "x": Vector("number", np.zeros(n))})


@EVERY
def test_numbers_are_the_librarys_and_neither_order_nor_batch_changes_them(step: Hash) -> None:
    train = Batch(rows(300))
    fitted = step.learn(train, CTX)
    for new in (rows(2_000, start=300), rows(500, start=9, odd=True)):
        exact(fitted, new)
    holds(step, train, rows(40, start=5, odd=True), CTX)


@pytest.mark.parametrize("step", [Hash(columns="plane", slots=16), Hash(columns="note", slots=16, analyzer="word")])
def test_a_hundred_thousand_planes_and_notes_are_hashed_as_the_library_hashes_them(step: Hash) -> None:
    exact(step.learn(Batch(of_flights(10)), CTX), of_flights(100_000, start=10))


def test_a_category_is_hashed_like_its_text_but_a_new_one_only_as_text() -> None:
    planes = flights()["tailnum"].slice(0, 30_000).to_list()
    train, new = coded(planes[:20_000]), planes[20_000:]
    texts = np.empty(len(new), dtype=object)
    texts[:] = new
    known = coded(new, train.categories)
    codes = written(
        Hash().learn(Batch(Table({"plane": train}, 20_000)), CTX).learned, Table({"plane": known}, len(new))
    )
    step = Hash(columns="text")
    table = Table({"plane": Vector("text", texts)}, len(new))
    as_text = written(step.learn(Batch(table), CTX).learned, table)
    unseen = known.values == UNSEEN
    assert unseen.any()
    np.testing.assert_array_equal(codes[~unseen], as_text[~unseen])
    assert not codes[unseen].any()
    assert (np.abs(as_text[unseen]).sum(axis=1) == 1).all()


def test_pieces_of_a_category_and_impossible_n_grams_are_refused() -> None:
    with pytest.raises(WrongType, match=r"types: \{word: text\}"):
        Hash(columns="word", analyzer="word").learn(Batch(rows(5)), CTX)
    with pytest.raises(WrongType, match="'x' is a number"):
        Hash(columns="x").schema(rows(5).schema, CTX)
    with pytest.raises(BadSelector, match="n-grams"):
        Hash(columns="note", ngrams=(0, 1)).schema(rows(5).schema, CTX)
