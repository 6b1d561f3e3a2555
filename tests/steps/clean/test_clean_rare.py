"""Rare categories become one, and which are rare is what scikit-learn's encoder calls infrequent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder

from flights import WORDS, labelled
from laws import exact, holds
from modelyard.errors.data import WrongType
from modelyard.rows.table import Table, Vector, coded, table
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.clean.rare import Rare

CTX = Context()
STEPS = [Rare(), Rare(min_frequency=0.1), Rare(min_frequency=3, word="b"), Rare(min_frequency=5, unseen=False)]
VOCABULARY = tuple("abcdefgh")


def rows(n: int, seed: int, unseen: bool = False) -> Table:
    random = np.random.default_rng(seed)
    codes = random.choice(8, n, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.015, 0.005]).astype(float)
    codes[random.random(n) < 0.05] = np.nan
    if unseen:
        codes[random.random(n) < 0.1] = -1.0
    return Table({"c": Vector("category", codes, VOCABULARY)}, n)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_program_says_what_the_words_say(step: Rare) -> None:
    train = rows(400, 1)
    fitted = step.learn(Batch(train), CTX)
    for new in (train, rows(400, 2, unseen=True), train.take(np.array([3]))):
        exact(fitted, new)
    holds(step, Batch(train), rows(60, 3, unseen=True), CTX)


@pytest.mark.parametrize("least", [50, 0.02])
def test_what_is_rare_in_real_flights_is_what_the_library_calls_infrequent(least: float) -> None:
    train, _ = labelled(20_000)
    new, _ = labelled(100_000, start=100_000)
    learned = Rare(min_frequency=least).learn(Batch(train), CTX).learned
    for name in WORDS:
        encoder = OneHotEncoder(min_frequency=least, handle_unknown="infrequent_if_exist", sparse_output=False)
        encoder.fit(np.array(words(train, name)).reshape(-1, 1))
        slots = encoder.transform(np.array(words(new, name)).reshape(-1, 1))
        made = replay(learned, new.with_({name: coded(words(new, name), train.vector(name).categories)})).vector(name)
        rare = made.values == made.categories.index("<rare>")
        known = len(encoder.categories_[0]) - len(encoder.infrequent_categories_[0] if has_rare(encoder) else ())
        np.testing.assert_array_equal(rare, slots[:, :known].sum(axis=1) == 0)


def words(rows: Table, name: str) -> list[str]:
    vector = rows.vector(name)
    return [vector.categories[int(code)] for code in vector.values]


def has_rare(encoder: OneHotEncoder) -> bool:
    return encoder.infrequent_categories_[0] is not None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30), st.integers(1, 5))
def test_no_category_is_left_with_fewer_rows_but_the_shared_one(values: list[str], least: int) -> None:
    train = table(c=values)
    learned = Rare(min_frequency=least).learn(Batch(train), CTX).learned
    made = replay(learned, train).vector("c")
    left = [made.categories[int(code)] for code in made.values]
    assert all(left.count(word) >= least for word in set(left) - {"<rare>"})
    assert [word for word, was in zip(left, values, strict=True) if word != "<rare>" and word != was] == []


def test_a_number_is_no_category() -> None:
    with pytest.raises(WrongType):
        Rare(columns="a").learn(Batch(table(a=[1.0])), CTX)
