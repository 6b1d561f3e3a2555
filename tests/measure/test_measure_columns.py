"""A column's summary is what numpy, SciPy and a plain count say of it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from scipy import stats

from flights import flights, labelled
from modelyard.measure.columns import BARS, LEVELS, TOP, histogram, summary
from modelyard.rows.table import Vector, coded


@pytest.mark.parametrize("name", ["dep_delay", "distance", "air_time", "dep_time"])
def test_numbers_of_flights_are_those_of_numpy_and_scipy(name: str) -> None:
    values = flights()[name].cast(float).fill_null(float("nan")).to_numpy()
    known = values[~np.isnan(values)]
    found = summary(Vector("number", values))
    assert (found.rows, found.nulls, found.distinct) == (len(values), len(values) - len(known), len(np.unique(known)))
    numbers = found.numbers
    assert numbers is not None
    assert (numbers.low, numbers.high) == (known.min(), known.max())
    assert numbers.mean == pytest.approx(known.mean(), rel=1e-12)
    assert numbers.deviation == pytest.approx(known.std(ddof=1), rel=1e-12)
    assert numbers.skew == pytest.approx(stats.skew(known), rel=1e-9)
    assert numbers.quantiles == pytest.approx(np.quantile(known, LEVELS), rel=1e-12)
    assert numbers.bars == tuple(np.histogram(known, numbers.edges)[0])
    assert numbers.zeros == (known == 0).sum()
    assert all((known == value).sum() == count for value, count in found.top)
    assert [count for _, count in found.top] == sorted(Counter(known.tolist()).values(), reverse=True)[:TOP]


def test_words_are_counted_by_their_codes() -> None:
    table, _ = labelled(20_000)
    words = [table.vector("carrier").categories[int(code)] for code in table["carrier"]]
    found = summary(table.vector("carrier"))
    assert list(found.top) == Counter(words).most_common(TOP)
    assert found.distinct == len(set(words))
    gaps = summary(coded(["a", None, "b", "a"]))
    assert (gaps.nulls, gaps.once, gaps.top) == (1, 1, (("a", 2), ("b", 1)))
    text = summary(Vector("text", np.array(["x", None, "x"], dtype=object)))
    assert (text.nulls, text.distinct, text.top) == (1, 1, (("x", 2),))


@given(arrays(np.float64, some.integers(1, 60), elements=some.floats(allow_nan=True, width=64)))
@settings(deadline=None, max_examples=200)
def test_every_known_value_is_counted_once_in_whatever_order(values: np.ndarray) -> None:
    with np.errstate(over="ignore", under="ignore"):
        found = summary(Vector("number", values))
        again = summary(Vector("number", values[::-1].copy()))
    known = values[~np.isnan(values)]
    assert found.known == len(known)
    if found.numbers is not None:
        assert sum(found.numbers.bars) + found.numbers.infinite == len(known)
        assert again.numbers is not None
        assert found.numbers.bars == again.numbers.bars
        assert found.numbers.low <= found.numbers.quantiles[2] <= found.numbers.high


def test_whole_numbers_get_bars_of_equally_many_values() -> None:
    edges, bars = histogram(np.repeat(np.arange(1.0, 62.0), 7))
    assert len(bars) <= BARS + 1
    assert set(bars[:-1]) == {21}
    assert edges[0] == 0.5
    _, months = histogram(np.repeat(np.arange(1.0, 13.0), 3))
    assert months == (3,) * 12


def test_a_column_of_gaps_one_value_or_infinities_says_so() -> None:
    gaps = summary(Vector("number", np.full(4, np.nan)))
    assert (gaps.distinct, gaps.numbers, gaps.top) == (0, None, ())
    flat = summary(Vector("number", np.full(1000, 0.1)))
    assert flat.numbers is not None
    assert (flat.numbers.skew, flat.numbers.deviation, flat.numbers.bars) == (0.0, 0.0, (1000,))
    endless = summary(Vector("number", np.array([np.inf, 1.0, -np.inf])))
    assert endless.numbers is not None
    assert (endless.numbers.infinite, endless.numbers.low, endless.numbers.high) == (2, 1.0, 1.0)
