"""What a look at a table tells: of each column its kind, nulls, distinct values, range and commonest values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelyard.measure.doubts import Doubt
from modelyard.measure.forms import form
from modelyard.project.guess import FEW, ColumnFacts, Facts
from modelyard.schema.column import NUMERIC, Kind
from modelyard.schema.expression_kinds import STRINGS
from modelyard.schema.schema import Schema

if TYPE_CHECKING:
    from polars import DataFrame, Series

DAY = 86_400_000_000
"""Microseconds."""
SOME = 10_000
"""Values in which words are counted."""
WORD = r"\p{L}{2,}"


def facts(frame: DataFrame, schema: Schema, doubts: tuple[Doubt, ...] = (), now: int | None = None) -> Facts:
    """Of the columns of `schema`. NaN counts as null. `doubts`: what a profile found, handed on. `now`: µs since 1970
    UTC; without it no column has an age.

    >>> import polars as pl
    >>> from modelyard.frame.schema import schema_of
    >>> frame = pl.DataFrame({"age": [30.0, None, 50.0]})
    >>> found = facts(frame, schema_of(frame)).columns["age"]
    >>> found.nulls, found.distinct, found.low, found.high
    (1, 2, 30.0, 50.0)
    """
    found = {c.name: _column(frame[c.name], c.kind, now) for c in schema}
    return Facts(rows=frame.height, columns=found, doubts=doubts)


def _column(series: Series, kind: Kind, now: int | None) -> ColumnFacts:
    known = (series.fill_nan(None) if series.dtype.is_float() else series).drop_nulls()
    distinct = known.n_unique()
    numeric = kind in NUMERIC and len(known) > 0
    return ColumnFacts(
        nulls=len(series) - len(known),
        distinct=distinct,
        low=_number(known.min()) if numeric else None,
        high=_number(known.max()) if numeric else None,
        counts=_counts(known) if distinct <= FEW and kind != "datetime" else (),
        days=kind == "datetime" and _midnights(known),
        form=form(known.unique().to_list()) if kind in STRINGS else None,
        words=_words(known) if kind in STRINGS else 0.0,
        age=_age(known, now) if kind == "datetime" else None,
    )


def _words(known: Series) -> float:
    """Runs of two letters and more, of a value on average."""
    import polars as pl

    mean = known.head(SOME).cast(pl.String).str.count_matches(WORD).mean()
    return mean if isinstance(mean, float) else 0.0


def _age(known: Series, now: int | None) -> int | None:
    """A time without a zone is taken for UTC, as the first file says."""
    import polars as pl

    newest = (
        known.cast(pl.Datetime("us")).dt.epoch("us").max() if known.dtype == pl.Date else known.dt.epoch("us").max()
    )
    return now - newest if now is not None and isinstance(newest, int) else None


def _midnights(known: Series) -> bool:
    import polars as pl

    return known.dtype == pl.Date or bool((known.dt.epoch("us") % DAY == 0).all())


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) else None


def _counts(known: Series) -> tuple[tuple[bool | int | float | str, int], ...]:
    counted = known.value_counts(sort=True, name="rows")
    return tuple(zip(counted.to_series(0).to_list(), counted["rows"].to_list(), strict=True))
