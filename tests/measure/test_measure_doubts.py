"""Each doubt comes up where it should, with its number, and not where it should not."""

from __future__ import annotations

import numpy as np
import pytest

from flights import flights
from modelyard.measure.columns import summary
from modelyard.measure.doubts import Doubt, class_doubt, column_doubts
from modelyard.measure.leaks import bins, filled_class, missing_with, same, told
from modelyard.measure.ranks import grouped_auc, roc_auc
from modelyard.measure.repeats import across, repeated, row_digests, steps_back
from modelyard.rows.table import Vector, coded

RNG = np.random.default_rng(3)


def doubts(vector: Vector) -> dict[str, Doubt]:
    return {doubt.kind: doubt for doubt in column_doubts("x", summary(vector), vector)}


def number(values: np.ndarray, kind: str = "number") -> Vector:
    return Vector(kind, np.asarray(values, dtype=np.float64))


@pytest.mark.parametrize(
    ("vector", "kinds"),
    [
        (number(np.ones(40)), {"constant"}),
        (number(np.full(40, np.nan)), {"constant"}),
        (number(np.append(np.zeros(995), np.ones(5))), {"nearly_constant"}),
        (number(np.append(np.full(60, np.nan), np.arange(40) % 7)), {"mostly_missing"}),
        (number(RNG.permutation(5000), "integer"), {"id_like"}),
        (coded([f"c{n}" for n in range(100)]), {"id_like"}),
        (coded([f"{1 + n % 28}.{1 + n % 12}.2013" for n in range(84)] * 3), {"dates_as_text", "high_cardinality"}),
        (number(20130000 + 100 * (1 + np.arange(90) % 12) + 1 + np.arange(90) % 28, "integer"), {"dates_as_text"}),
        (coded([*map(str, range(30)), "n/a", "unknown"] * 3), {"mixed_types"}),
        (number(np.append(RNG.normal(size=1000), 50.0)), {"outliers", "skew"}),
        (number(RNG.lognormal(0, 1.2, 3000)), {"outliers", "skew"}),
        (coded([f"w{n % 200}" for n in range(2000)]), {"high_cardinality"}),
        (number(RNG.normal(size=1000)), set()),
        (number(RNG.integers(0, 5, 1000), "integer"), set()),
        (coded(["a", "b", "c"] * 50), set()),
        (number(RNG.integers(0, 2, 100), "boolean"), set()),
    ],
)  # fmt: skip
def test_what_is_doubtful_is_said_and_nothing_else(vector: Vector, kinds: set[str]) -> None:
    found = doubts(vector)
    assert set(found) == kinds or (kinds == {"dates_as_text", "high_cardinality"} and "dates_as_text" in found)
    assert all(doubt.evidence and doubt.columns == ("x",) for doubt in found.values())


def test_the_evidence_is_what_a_count_says() -> None:
    values = flights()["dep_delay"].cast(float).fill_null(float("nan")).to_numpy()
    known = values[~np.isnan(values)]
    first, third = np.quantile(known, [0.25, 0.75])
    beyond = ((known < first - 3 * (third - first)) | (known > third + 3 * (third - first))).sum()
    found = doubts(number(values))["outliers"]
    assert found.value == pytest.approx(beyond / len(known))
    assert f"{beyond:,} of {len(known):,} values" in found.evidence
    assert found.evidence.endswith("are above 59, three interquartile ranges beyond the middle half, as far as 1301")


def test_rare_classes_are_said() -> None:
    assert class_doubt("y", (("a", 50), ("b", 50))) == ()
    assert class_doubt("y", (("a", 10),)) == ()
    (found,) = class_doubt("y", (("a", 9990), ("b", 10)))
    assert found.value == 0.001
    assert class_doubt("digit", tuple((str(n), 100) for n in range(10))) == ()


def test_what_one_column_tells_is_near_what_scipy_says_of_the_truth() -> None:
    y = (RNG.random(20_000) < 0.3).astype(float)
    x = y + RNG.normal(size=len(y))
    auc = roc_auc(y, x, np.ones(len(y)))
    assert told(bins(number(x)), y, 2) == pytest.approx(2 * auc - 1, abs=0.02)
    z = x * 2 + RNG.normal(size=len(y))
    assert told(bins(number(x)), z, 0) == pytest.approx(np.corrcoef(x, z)[0, 1] ** 2, abs=0.02)
    three = RNG.integers(0, 3, 3000).astype(float)
    assert told(bins(number(three)), three, 3) == 1.0


def test_the_area_of_groups_is_that_of_their_rows() -> None:
    score, y = RNG.integers(0, 40, 3000) / 7, RNG.integers(0, 2, 3000).astype(float)
    _, place = np.unique(score, return_inverse=True)
    positive, rows = np.bincount(place, weights=y), np.bincount(place).astype(float)
    values = np.append(np.unique(score), 9.0)
    found = grouped_auc(values, np.append(positive, 0.0), np.append(rows, 0.0))
    assert found == roc_auc(y, score, np.ones(len(y)))


def test_noise_and_names_of_rows_tell_nothing() -> None:
    y = RNG.integers(0, 2, 2000).astype(float)
    assert told(bins(number(RNG.normal(size=2000))), y, 2) < 0.12
    assert told(bins(coded([f"c{n}" for n in range(2000)])), y, 2) < 0.12
    assert told(bins(coded([f"c{n}" for n in range(2000)])), RNG.normal(size=2000), 0) < 0.12


def test_a_copy_is_told_from_a_column_that_only_knows_much() -> None:
    y = RNG.integers(0, 3, 300).astype(float)
    assert same(coded([["no", "yes", "maybe"][int(v)] for v in y]), y, 3)
    assert not same(number(np.where(np.arange(300) == 5, 1 - np.minimum(y, 1), y)), y, 3) or y[5] == 1
    z = RNG.normal(size=300)
    assert same(number(3 * z - 7), z, 0)
    assert not same(number(3 * z - 7 + RNG.normal(size=300) * 1e-3), z, 0)
    assert not same(number(np.ones(300)), z, 0)


def test_columns_that_come_with_the_label_are_seen_by_their_gaps() -> None:
    frame = flights()
    y = frame["arr_delay"].cast(float).fill_null(float("nan")).to_numpy()
    air = number(frame["air_time"].cast(float).fill_null(float("nan")).to_numpy())
    departure = number(frame["dep_delay"].cast(float).fill_null(float("nan")).to_numpy())
    assert missing_with(air, y) == (1.0, 0.0)
    assert missing_with(departure, y)[0] < 0.9
    died = RNG.integers(0, 2, 500).astype(float)
    body = number(np.where((died == 1) & (RNG.random(500) < 0.3), 5.0, np.nan))
    most, there, elsewhere, rows = filled_class(body, died, 2)
    assert (most, there, rows) == (1, 1.0, int((~np.isnan(body.values)).sum()))
    assert elsewhere < 0.6


def test_copies_of_rows_are_found_within_a_table_and_across_a_split() -> None:
    rows = [Vector("number", np.array([1.0, np.nan, 1.0, -0.0, 0.0, np.nan])), coded(["a", None, "a", "a", "a", "b"])]
    digests = row_digests(rows, 6)
    assert repeated(digests).tolist() == [False, False, True, False, True, False]
    assert across(digests, np.array([0, 3]), np.array([2, 4, 5])) == 2


def test_rows_are_told_apart_by_the_column_and_not_only_by_their_values() -> None:
    a, b = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    first, second = row_digests([Vector("number", a), Vector("number", b)], 2)
    assert first != second
    many = RNG.integers(0, 1000, size=(4, 50_000)).astype(float)
    digests = row_digests([Vector("number", column) for column in many], 50_000)
    assert len(np.unique(digests)) == len(np.unique(many, axis=1).T)


def test_steps_back_in_time_are_counted() -> None:
    assert steps_back(np.array([1.0, 2.0, 3.0])) == (0, -1)
    assert steps_back(np.array([3.0, np.nan, 2.0])) == (1, 2)
