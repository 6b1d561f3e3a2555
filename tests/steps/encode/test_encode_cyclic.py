"""What comes round lies on a circle: exactly at whole steps, within 5e-6 between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flights import labelled
from laws import exact, holds, written
from modelyard.errors.data import BadSelector, MissingColumn, WrongType
from modelyard.rows.table import Table, Vector, table
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.encode.cyclic import Cyclic

CTX = Context()


def rows(n: int, seed: int) -> Table:
    random = np.random.default_rng(seed)
    hour, angle = random.integers(0, 24, n).astype(float), random.normal(0, 1e3, n)
    hour[random.random(n) < 0.1] = np.nan
    return Table({"hour": Vector("number", hour), "angle": Vector("number", angle)}, n)


@pytest.mark.parametrize("step", [Cyclic(columns="hour"), Cyclic(columns=("hour", "angle"), period=365.25)], ids=str)
def test_the_program_is_numpys_interpolation_and_the_laws_hold(step: Cyclic) -> None:
    fitted = step.learn(Batch(rows(50, 1)), CTX)
    for new in (rows(2_000, 1), rows(1, 2)):
        exact(fitted, new)
    holds(step, Batch(rows(50, 1)), rows(60, 3), CTX)


def test_hours_of_real_flights_have_the_very_sine_and_cosine() -> None:
    new, _ = labelled(100_000)
    hour = new["hour"]
    ours = written(Cyclic(columns="hour").learn(Batch(new), CTX).learned, new)
    angle = 2.0 * np.pi * np.mod(hour, 24.0) / 24.0
    np.testing.assert_array_equal(ours, np.column_stack([np.sin(angle), np.cos(angle)]))


@settings(deadline=None, max_examples=200)
@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e5) | st.sampled_from([7.0, 12.0, 24.0, 365.25, 0.1]))
def test_between_whole_steps_the_circle_is_never_left_by_more_than_5e6(x: float, period: float) -> None:
    one = table(x=[x])
    ours = written(Cyclic(columns="x", period=period).learn(Batch(one), CTX).learned, one)[0]
    angle = 2.0 * np.pi * np.mod(x, period) / period
    np.testing.assert_allclose(ours, [np.sin(angle), np.cos(angle)], rtol=0, atol=5e-6)


def test_midnight_lies_beside_the_hour_before() -> None:
    day = table(hour=[23.0, 0.0, 24.0, 12.0, None])
    made = written(Cyclic(columns="hour").learn(Batch(day), CTX).learned, day)
    apart = np.linalg.norm(made - made[1], axis=1)
    assert apart[2] == 0
    assert apart[0] < 0.3 < apart[3]
    assert np.isnan(made[4]).all()


def test_a_period_must_be_known_and_a_missing_column_is_named() -> None:
    with pytest.raises(BadSelector, match="angle"):
        Cyclic(columns="angle").schema(rows(5, 1).schema, CTX)
    with pytest.raises(WrongType):
        Cyclic(columns="day").learn(Batch(table(day=["mon", "tue"])), CTX)
    with pytest.raises(MissingColumn, match="hour"):
        replay(Cyclic(columns="hour").learn(Batch(rows(5, 1)), CTX).learned, rows(5, 1).without(["hour"]))
