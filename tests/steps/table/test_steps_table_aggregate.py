"""Groups against pandas, history against a loop over all pairs of rows: no row sees itself or the future."""

from __future__ import annotations

import math
import statistics
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors.data import BadDuration, BadExpression, BadSelector, WrongType
from modelyard.frame.schema import schema_of
from modelyard.step.context import Context
from modelyard.steps.table.aggregate import Aggregate, Over
from modelyard.steps.table.lag import Lag

CTX = Context()
START = datetime(2020, 1, 1, tzinfo=UTC)
ROW = st.tuples(
    st.sampled_from(["a", "b", None]),
    st.one_of(st.integers(0, 8), st.none()),
    st.one_of(st.none(), st.integers(-5, 5)),
)
ROWS = st.lists(ROW, min_size=1, max_size=14)
COLUMNS = {
    "rows": "count()", "known": "count(x)", "total": "sum(x)", "average": "mean(x)", "least": "min(x)",
    "most": "max(x)", "spread": "std(x)", "middle": "median(x)", "oldest": "first(x)", "latest": "last(x)",
    "kinds": "distinct(x)",
}  # fmt: skip


def frame_of(rows: list[tuple[str | None, int | None, int | None]]) -> pl.DataFrame:
    moments = [None if hour is None else START + timedelta(hours=hour) for _, hour, _ in rows]
    return pl.DataFrame(
        {
            "k": pl.Series([key for key, _, _ in rows], dtype=pl.String),
            "t": pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
            "x": pl.Series([value for _, _, value in rows], dtype=pl.Int64),
        }
    )


def expected(values: list[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    return {
        "rows": len(values),
        "known": len(known),
        "total": sum(known),
        "average": statistics.fmean(known) if known else None,
        "least": min(known, default=None),
        "most": max(known, default=None),
        "spread": statistics.stdev(known) if len(known) > 1 else None,
        "middle": statistics.median(known) if known else None,
        "oldest": known[0] if known else None,
        "latest": known[-1] if known else None,
        "kinds": len(set(known)),
    }


def close(found: Any, wanted: Any) -> bool:
    if wanted is None or found is None:
        return wanted is found
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)


@settings(deadline=None, max_examples=200)
@given(ROWS, st.integers(1, 5), st.integers(0, 2), st.booleans())
def test_history_is_what_a_loop_finds_strictly_before_the_row(rows: Any, last: int, delay: int, keyed: bool) -> None:
    over = Over(time="t", last=f"{last}h", delay=f"{delay}h")
    step = Aggregate(by="k" if keyed else (), columns=COLUMNS, over=over)
    made = step.run(CTX, frame_of(rows).lazy()).collect()
    assert made.select("k", "t", "x").equals(frame_of(rows))
    for place, (key, now, _) in enumerate(rows):
        if now is None or (keyed and key is None):
            assert set(made.row(place)[3:]) == {None}
            continue
        before = [
            (when, at, value)
            for at, (other, when, value) in enumerate(rows)
            if when is not None and now - delay - last <= when < now - delay and (not keyed or other == key)
        ]
        wanted = expected([value for *_, value in sorted(before, key=lambda one: one[:2])])
        found = made.row(place, named=True)
        assert all(close(found[name], wanted[name]) for name in COLUMNS), (place, found, wanted)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.integers(0, 13))
def test_what_happens_at_a_rows_time_or_later_changes_nothing_in_it(rows: Any, pick: int) -> None:
    frame, place = frame_of(rows), pick % len(rows)
    now = rows[place][1] or 0
    changed = frame.with_columns(x=pl.when(pl.col("t") >= START + timedelta(hours=now)).then(99).otherwise("x"))
    history = Aggregate(by="k", columns=COLUMNS, over=Over(time="t", last="3h"))
    lag = Lag(columns="x", by="k", time="t", back=(1, 2))
    for step in (history, lag):
        one, two = (step.run(CTX, other.lazy()).collect().drop("x").row(place) for other in (frame, changed))
        assert one == two


@settings(deadline=None, max_examples=150)
@given(ROWS, st.booleans())
def test_a_lag_is_the_row_before_of_an_earlier_time(rows: Any, keyed: bool) -> None:
    step = Lag(columns="x", by="k" if keyed else (), time="t", back=(1, 3))
    made = step.run(CTX, frame_of(rows).lazy()).collect()
    assert made.select("k", "t", "x").equals(frame_of(rows))
    for place, (key, now, _) in enumerate(rows):
        earlier = sorted(
            (when, at, value)
            for at, (other, when, value) in enumerate([(k, h, -9 if v is None else v) for k, h, v in rows])
            if now is not None and when is not None and when < now and (not keyed or key == other is not None)
        )
        for back in (1, 3):
            wanted = earlier[-back][2] if len(earlier) >= back else None
            assert made[f"x_lag_{back}"][place] == (None if wanted == -9 else wanted)


def test_groups_are_what_pandas_finds() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"k": rng.integers(0, 40, 5_000), "x": rng.normal(size=5_000)})
    names = {"average": "mean", "spread": "std", "middle": "median", "total": "sum", "known": "count"}
    step = Aggregate(by="k", columns={name: f"{function}(x)" for name, function in names.items()})
    made = step.run(CTX, frame.lazy()).collect()
    wanted = pd.DataFrame(frame.to_dict(as_series=False)).groupby("k", sort=False)["x"].agg(list(names.values()))
    assert made["k"].to_list() == wanted.index.to_list()
    for name, function in names.items():
        np.testing.assert_allclose(made[name].to_numpy(), wanted[function].to_numpy(), rtol=1e-9)


def test_many_groups_keep_their_own_history() -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({"k": rng.integers(0, 500, 20_000), "h": rng.integers(0, 1_000, 20_000), "x": 1})
    frame = frame.with_columns(t=pl.lit(START) + pl.duration(hours="h"))
    step = Aggregate(by="k", columns={"n": "count()", "s": "sum(x)"}, over=Over(time="t", last="50h"))
    made = step.run(CTX, frame.lazy()).collect()
    key, hour = frame["k"].to_numpy(), frame["h"].to_numpy()
    for place in range(0, 20_000, 97):
        same = (key == key[place]) & (hour < hour[place]) & (hour >= hour[place] - 50)
        assert made["n"][place] == made["s"][place] == same.sum()


def test_an_aggregate_over_conditions_and_other_kinds() -> None:
    frame = pl.LazyFrame({"k": ["a", "a", "b"], "x": [1.0, float("nan"), 3.0], "c": ["u", "v", "v"]})
    columns = {"share": "mean(c == 'v')", "known": "count(x)", "first": "min(c)", "double": "sum(x * 2)"}
    made = Aggregate(by="k", columns=columns).run(CTX, frame).collect()
    assert made.rows() == [("a", 0.5, 1, "u", 2.0), ("b", 1.0, 1, "v", 6.0)]
    whole = Aggregate(columns={"n": "count()"}).run(CTX, frame).collect()
    assert whole.rows() == [(3,)]
    schema = Aggregate(by="k", columns=columns).schema(schema_of(frame), ctx=CTX)
    assert [(column.name, column.kind, column.origin) for column in schema] == [
        ("k", "category", "input"), ("share", "number", "table"), ("known", "integer", "table"),
        ("first", "category", "table"), ("double", "number", "table"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "error", "words"),
    [
        ({"a": "mean(c)"}, WrongType, "of a category"),
        ({"a": "maen(x)"}, BadExpression, "did you mean 'mean'"),
        ({"a": "x + 1"}, BadExpression, "aggregates nothing"),
        ({"a": "mean()"}, BadExpression, "names no column"),
        ({"a": "mean(x) + mean(x)"}, BadExpression, "."),
        ({"a": "mean(y)"}, BadExpression, "no column 'y'"),
        ({"k": "count()"}, BadSelector, "name of a key"),
    ],
)
def test_what_cannot_be_aggregated_is_said(columns: dict[str, str], error: type[Exception], words: str) -> None:
    frame = pl.LazyFrame({"k": ["a"], "x": [1.0], "c": ["u"]})
    with pytest.raises(error, match=words):
        Aggregate(by="k", columns=columns).schema(schema_of(frame), ctx=CTX)


def test_a_window_that_holds_nothing_or_a_column_that_is_no_time_is_refused() -> None:
    frame = frame_of([("a", 1, 1)]).lazy()
    with pytest.raises(BadDuration, match="holds nothing"):
        Aggregate(columns={"n": "count()"}, over=Over(time="t", last="0h")).run(CTX, frame)
    with pytest.raises(WrongType, match="not times"):
        Aggregate(columns={"n": "count()"}, over=Over(time="x", last="1h")).run(CTX, frame)
