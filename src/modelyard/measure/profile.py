"""What the training rows looked like: bins, their counts, and the same per day.

Days are kept apart because rows of one day are alike (weather, a sale, a strike): how much days differ from each
other is what decides whether a live day is unusual. A profile is plain data and lies in the package.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from modelyard.measure.bins import WIDTH, Bins, Codes, learn_bins
from modelyard.measure.counts import Counts, count_columns
from modelyard.rows.table import Floats, Table

DAY = 86_400_000_000
"""Microseconds."""


class ColumnProfile(Struct, frozen=True, kw_only=True):
    """`new_share`: per period, the share of its rows whose category no other period had: what leaving the period out
    would have called unseen. `calendar`: one value in (nearly) every period, so it follows the calendar, and that it
    moves on is no news. `constant_periods`: how many periods had one single value."""

    bins: Bins
    new_share: tuple[float, ...] = ()
    calendar: bool = False
    constant_periods: int = 0


class Profile(Struct, frozen=True, kw_only=True):
    """Reference counts over `columns`. `periods` are whole windows of the reference in order of time (`window`
    microseconds each, days by default), their starts in `starts`; none where rows have no time."""

    columns: tuple[ColumnProfile, ...]
    reference: Counts
    window: int = DAY
    starts: tuple[int, ...] = ()
    periods: tuple[Counts, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.bins.name for column in self.columns)

    def keep(self, places: Sequence[int]) -> Profile:
        """Of some columns."""
        reference, *periods = (
            Counts(one.rows, tuple(one.columns[place] for place in places)) for one in (self.reference, *self.periods)
        )
        columns = tuple(self.columns[place] for place in places)
        return replace(self, columns=columns, reference=reference, periods=tuple(periods))


def profile(table: Table, times: Floats | None = None, window: int = DAY) -> Profile:
    """The profile of training rows. `times`: (n,) event time in microseconds; rows without one (NaN) count in the
    reference and in no period.

    >>> from modelyard.rows.table import table
    >>> profile(table(x=[1.0, 2.0, None])).reference.columns[0].bins
    (1, 0, 1, 1, 0)
    """
    learned = tuple(learn_bins(name, table.vector(name)) for name in table.names)
    whole = count_columns(learned, table)
    if times is None or not len(table):
        columns = tuple(ColumnProfile(bins=b, new_share=_once(b, table)) for b in learned)
        return Profile(columns=columns, reference=whole, window=window)
    known = np.flatnonzero(~np.isnan(times))
    slots, place = np.unique(times[known].astype(np.int64) // window, return_inverse=True)
    order = known[np.argsort(place, kind="stable")]
    parts = np.split(order, np.cumsum(np.bincount(place))[:-1])
    periods = tuple(count_columns(learned, table.take(part)) for part in parts)
    own = np.full(len(table), -1, dtype=np.intp)
    own[known] = place
    columns = tuple(_column(b, table, c, own, periods) for c, b in enumerate(learned))
    return Profile(
        columns=columns,
        reference=whole,
        window=window,
        starts=tuple(int(slot) * window for slot in slots),
        periods=periods,
    )


def count(profile: Profile, table: Table) -> Counts:
    """The counts of live rows over the profile's columns and bins."""
    return count_columns((column.bins for column in profile.columns), table)


def row_codes(profile: Profile, table: Table) -> Codes:
    """(n, columns) the bin of every value, for drawing rows of the reference again."""
    return np.stack([c.bins.codes(table.vector(c.bins.name)) for c in profile.columns], axis=1)


def _column(bins: Bins, table: Table, place: int, own: Codes, periods: tuple[Counts, ...]) -> ColumnProfile:
    constant = sum(_constant(period, place) for period in periods)
    return ColumnProfile(
        bins=bins,
        new_share=_new(bins, table, own, [period.rows for period in periods]),
        calendar=len(periods) > 1 and constant >= 0.9 * len(periods) and not _constant_column(bins),
        constant_periods=constant,
    )


def _constant(counts: Counts, place: int) -> bool:
    column = counts.columns[place]
    if column.lowest is not None:
        return column.lowest == column.highest
    return sum(n > 0 for n in column.bins[1:]) == 1 and column.unseen == 0


def _constant_column(bins: Bins) -> bool:
    return len(bins.categories) <= 1 if not bins.ordered else bins.lowest == bins.highest


def _new(bins: Bins, table: Table, own: Codes, rows: list[int]) -> tuple[float, ...]:
    if bins.kind != "category":
        return ()
    vector = table.vector(bins.name)
    use = np.flatnonzero((own >= 0) & (vector.values >= 0))
    codes, days = vector.values[use].astype(np.intp), own[use]
    often = np.zeros((len(rows), len(vector.categories)))
    np.add.at(often, (days, codes), 1.0)
    only = (often > 0).sum(axis=0) == 1
    return tuple((often[:, only].sum(axis=1) / np.array(rows)).tolist())


def _once(bins: Bins, table: Table) -> tuple[float, ...]:
    """Without periods: the share of rows whose category occurs once (Good and Turing's estimate of the unseen)."""
    if bins.kind != "category" or not len(table):
        return ()
    values = table[bins.name]
    often = np.bincount(values[values >= 0].astype(np.intp), minlength=1)
    return (float((often == 1).sum()) / len(table),)


__all__ = ["DAY", "WIDTH", "ColumnProfile", "Counts", "Profile", "count", "profile", "row_codes"]
