"""Checks on counts against SciPy, bins and counts that add up."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modelyard.measure.bins import WIDTH, learn_bins
from modelyard.measure.checks import CHECKS, LOW, layout, share_z, two_sided, wilson_hilferty, z_scores
from modelyard.measure.counts import stack
from modelyard.measure.profile import DAY, Profile, count, profile
from modelyard.measure.spread import between_days, no_spread
from modelyard.rows.table import UNSEEN, Table, Vector, coded, table

rng = np.random.default_rng(0)
ONE = no_spread(1)


def numbers(**columns):
    n = len(next(iter(columns.values())))
    return Table({k: Vector("number", np.asarray(v, dtype=float)) for k, v in columns.items()}, n)


def z_of(live, reference):
    p = profile(reference)
    return z_scores(stack([count(p, live)])[0], stack([p.reference])[0], layout(p), ONE)[0]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=2, max_size=50), st.integers(0, 50))
def test_counts_of_two_parts_add_up_to_the_counts_of_the_whole(values, cut):
    whole = table(x=[1.0, *values])
    p = profile(whole)
    rows = np.arange(len(whole))
    assert count(p, whole.take(rows[:cut])) + count(p, whole.take(rows[cut:])) == count(p, whole) == p.reference


def test_unseen_categories_nulls_and_values_out_of_range_are_counted_apart():
    p = profile(table(x=[1.0, 2.0, 3.0], c=["a", "b", "a"]))
    live = Table(
        {"x": Vector("number", np.array([0.0, 9.0, np.nan])), "c": coded(["z", None, "b"], ("a", "b", "z"))}, 3
    )
    x, c = count(p, live).columns
    assert (x.outside, x.nulls, x.lowest, x.highest) == (2, 1, 0.0, 9.0)
    assert (c.unseen, c.bins) == (1, (1, 0, 1, 1))
    coded_by_contract = Table(
        {"x": live.vector("x"), "c": Vector("category", np.array([UNSEEN, np.nan, 1.0]), ("a", "b"))}, 3
    )
    assert count(p, coded_by_contract) == count(p, live)


def test_a_column_that_is_gone_counts_as_null():
    p = profile(table(x=[1.0, 2.0], c=["a", "b"]))
    assert count(p, table(x=[1.0])).columns[1].bins == (1, 0, 0, 0)


def test_columns_of_every_kind_have_at_most_thirteen_bins():
    many = coded([f"v{k % 50:02}" for k in range(500)])
    text = Vector("text", np.array(["a", None] * 250, dtype=object))
    for vector in (many, text, Vector("number", rng.normal(size=500)), Vector("boolean", np.arange(500.0) % 2)):
        bins = learn_bins("c", vector)
        assert len(bins.labels) == bins.size <= WIDTH
        assert bins.codes(vector).max() < bins.size


def test_a_profile_is_plain_data_and_comes_back_the_same():
    p = profile(table(x=[1.0, None, 3.0], c=["a", "b", None]), np.array([0.0, 1.0, DAY + 1.0]))
    assert msgspec.json.decode(msgspec.json.encode(p), type=Profile) == p
    assert sum(period.rows for period in p.periods) == 3


def test_a_column_with_one_value_a_day_follows_the_calendar_and_is_not_watched():
    days = np.repeat(np.arange(20.0), 30)
    p = profile(numbers(month=days // 5, x=rng.normal(size=600)), days * DAY)
    assert [c.calendar for c in p.columns] == [True, False]
    z = z_scores(stack([p.periods[-1]])[0], stack([p.reference])[0], layout(p), no_spread(2))
    assert (z[0, [0, 1, 2, 4]] == LOW).all()


def test_the_omnibus_check_is_scipys_chi_square_on_a_wilson_hilferty_scale():
    a, b = rng.normal(size=900), rng.normal(0.08, 1, size=5000)
    p = profile(numbers(x=b))
    x, r = stack([count(p, numbers(x=a))])[0, 0], stack([p.reference])[0, 0]
    seen = (x + r) > 0
    oracle = stats.chi2_contingency(np.array([x[seen], r[seen]]), correction=False)
    z = z_of(numbers(x=a), numbers(x=b))[0]
    assert z == pytest.approx(stats.norm.isf(oracle.pvalue), abs=0.01)


def test_wilson_hilferty_is_within_two_percent_of_the_exact_tail():
    df, q = np.array([3.0, 12.0, 12.0]), np.array([15.0, 30.0, 50.0])
    assert wilson_hilferty(q / df, df) == pytest.approx(stats.norm.isf(stats.chi2.sf(q, df)), rel=0.02)


def test_the_share_check_is_scipys_g_test_with_continuity_correction():
    x, n, r, size = 37.0, 400.0, 1000.0, 20_000.0
    oracle = stats.chi2_contingency([[x, n - x], [r, size - r]], correction=True, lambda_="log-likelihood")
    assert float(share_z(*(np.array(v) for v in (x, n, r, size)))) ** 2 == pytest.approx(oracle.statistic)


def test_location_is_the_rank_sum_test_on_bins():
    a, b = rng.normal(0.3, 1, 400), rng.normal(size=4000)
    p = profile(numbers(x=b))
    codes = p.columns[0].bins.codes
    oracle = stats.mannwhitneyu(codes(Vector("number", a)), codes(Vector("number", b)), method="asymptotic")
    z = stats.norm.isf(oracle.pvalue / 2)
    assert z_of(numbers(x=a), numbers(x=b))[CHECKS.index("location")] == pytest.approx(z - np.log(2) / z, abs=0.02)


def test_paying_for_many_sides_gives_about_bonferronis_tail():
    z = np.array([4.0, 5.0])
    assert stats.norm.sf(two_sided(z, 10.0)) == pytest.approx(20 * stats.norm.sf(z), rel=0.2)


def test_an_all_null_window_stands_out_in_the_null_check_and_breaks_nothing():
    z = z_of(numbers(x=np.full(300, np.nan)), numbers(x=rng.normal(size=3000)))
    assert z[CHECKS.index("null")] > 20
    assert np.isfinite(z).all()


def test_the_spread_between_days_is_one_for_independent_rows_and_found_where_days_differ():
    days = np.repeat(np.arange(60.0), 200)
    same, moved = rng.normal(size=12_000), rng.normal(size=12_000) + np.repeat(rng.normal(0, 0.3, 60), 200)
    spread = between_days(profile(numbers(same=same, moved=moved), days * DAY))
    assert spread.location[0] == spread.omnibus[0] == 1.0
    assert spread.location[1] == pytest.approx(1 + 200 * 0.3**2, rel=0.4)
    assert spread.approximate
