"""Is today's input still what the model was trained on? Alarms at a promised rate.

`calibrate` once, from the training rows; then `observe` each closed window. All state is plain data that goes in and
comes out, so that a stream can be stopped, moved and replayed to the same alarms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict, replace

from modelyard.measure.bins import WIDTH, Codes
from modelyard.measure.checks import CHECKS, layout
from modelyard.measure.counts import Counts, stack
from modelyard.measure.effect import Effect, effect, smallest_shift
from modelyard.measure.profile import Profile
from modelyard.measure.scan import SCALES, Found, look
from modelyard.measure.spread import FEWEST, Spread, between_days, no_spread
from modelyard.measure.threshold import day_streams, row_streams, simulate
from modelyard.rows.table import Floats

LONGEST = 180
"""Horizons longer than this are simulated at this length, with the alarm budget that falls to it."""
ONE_PER_HORIZON = 0.55
"""P(any alarm in the horizon) that goes with one alarm per horizon on average (measured: 1.06 episodes at .63)."""
MOST = 100
"""Columns that are drawn together: what is drawn grows with them, and so do time and memory."""

Rows = tuple[tuple[float, ...], ...]


class Calibration(Struct, frozen=True, kw_only=True):
    """What calibrating found: plain data, stored with the profile. `easy` (columns, checks) divides each z,
    `approximate` says that days differ more than rows drawn at random, so the promised rate holds only roughly."""

    h: float
    alpha: float
    horizon: int
    by: str
    """What was drawn: "days" or "rows"."""
    approximate: bool
    easy: Rows
    omnibus: tuple[float, ...]
    shape: tuple[float, ...]
    location: tuple[float, ...]
    scale: tuple[float, ...]
    null: tuple[float, ...]
    category: Rows

    @property
    def spread(self) -> Spread:
        parts = (self.omnibus, self.shape, self.location, self.scale, self.null, self.category)
        return Spread(*(np.array(part) for part in parts))


class Alarm(Struct, frozen=True, kw_only=True):
    """One column's largest z: which check, over how many windows (`scale`), since which window (its start)."""

    column: str
    check: str
    z: float
    scale: int
    since: int
    growing: bool
    effect: Effect


class State(Struct, frozen=True):
    """The last windows with their starts, and the sum of all before: enough to go on. `open`: an alarm goes on."""

    starts: tuple[int, ...] = ()
    windows: tuple[Counts, ...] = ()
    history: Counts | None = None
    open: bool = False


class Report(Struct, frozen=True, kw_only=True):
    """One evaluation. `new` is true when an alarm begins (what is counted and notified), `columns` are the largest z
    per column, largest first; `smallest_shift` per numeric column: what this window alone finds with 80 % power."""

    start: int
    rows: int
    z: float
    h: float
    drifted: bool
    new: bool
    approximate: bool
    columns: tuple[Alarm, ...]
    smallest_shift: dict[str, float]


def alpha_of(times: int, windows: int) -> tuple[float, int]:
    """(alpha, horizon) of a budget of so many false alarms per so many windows: `1 per 90d` with daily windows is
    alpha_of(1, 90).

    >>> alpha_of(1, 90), alpha_of(1, 360)[1]
    ((0.55, 90), 180)
    """
    horizon = max(1, min(windows, LONGEST))
    return float(1 - (1 - ONE_PER_HORIZON) ** (times * horizon / windows)), horizon


def calibrate(
    profile: Profile,
    codes: Codes | None = None,
    *,
    alpha: float = ONE_PER_HORIZON,
    horizon: int = 90,
    rows: int = 500,
    repeats: int = 200,
    seed: int = 0,
    most: int = MOST,
) -> Calibration:
    """Find the threshold. Whole periods are drawn where the profile has at least eight, else rows of `codes` (n,
    columns; `profile.row_codes`) in windows of `rows`, else rows made from the column counts (columns independent). Of
    more columns than `most`, so many are drawn, and the alarms that all may raise are shared out: by Boole's inequality
    no dependence between columns makes them more than promised."""
    if len(profile.columns) > most:
        return _of_some(profile, codes, most, alpha=alpha, horizon=horizon, rows=rows, repeats=repeats, seed=seed)
    rng = np.random.default_rng(seed)
    plan = layout(profile)
    periods = [period for period in profile.periods if period.rows >= 2]
    by_days = len(periods) >= FEWEST
    spread = between_days(profile) if by_days else no_spread(len(profile.columns))
    if by_days:
        streams = day_streams(stack(periods), horizon, repeats, rng)
    else:
        streams = row_streams(_rows(profile, rng) if codes is None else codes, rows, horizon, repeats, rng)
    found = simulate(streams, plan, alpha, level=spread.approximate)
    return Calibration(
        h=found.h,
        alpha=alpha,
        horizon=horizon,
        by="days" if by_days else "rows",
        approximate=spread.approximate,
        easy=_nested(found.easy),
        **_plain(spread),
    )


def _of_some(
    profile: Profile, codes: Codes | None, most: int, *, alpha: float, horizon: int, rows: int, repeats: int, seed: int
) -> Calibration:
    """The threshold of all columns, found on `most` of them: a draw of columns raises its share of the alarms."""
    columns = len(profile.columns)
    chosen = np.sort(np.random.default_rng((seed, columns)).choice(columns, most, replace=False))
    found = calibrate(
        profile.keep(chosen.tolist()),
        None if codes is None else codes[:, chosen],
        alpha=alpha * most / columns,
        horizon=horizon,
        rows=rows,
        repeats=repeats,
        seed=seed,
        most=most,
    )
    periods = [period for period in profile.periods if period.rows >= 2]
    spread = between_days(profile) if len(periods) >= FEWEST else no_spread(columns)
    easy = np.tile(np.max(found.easy, axis=0), (columns, 1))  # those not drawn: as the most restless of those drawn
    easy[chosen] = found.easy
    return replace(
        found,
        alpha=alpha,
        approximate=spread.approximate,
        easy=_nested(easy),
        **_plain(spread),
    )


def observe(
    profile: Profile, calibration: Calibration, state: State, start: int, counts: Counts
) -> tuple[State, Report]:
    """One more window: its start (microseconds) and counts. A window without rows changes nothing."""
    if not counts.rows:
        return state, _report(profile, calibration, state, start, counts, [])
    grown = _push(state, start, counts)
    history = stack([grown.history])[0] if grown.history else np.zeros((len(profile.columns), WIDTH))
    reference = stack([profile.reference])[0]
    easy = np.array(calibration.easy)
    found = look(stack(grown.windows), history, reference, layout(profile), calibration.spread, easy)
    report = _report(profile, calibration, grown, start, counts, found)
    return replace(grown, open=report.drifted), report


def restart(state: State) -> State:
    """After an alarm that a person has seen: the growing reference starts again from the training rows."""
    return State(open=state.open)


def _push(state: State, start: int, counts: Counts) -> State:
    windows, starts = (*state.windows, counts), (*state.starts, start)
    history = state.history
    if len(windows) > SCALES[-1]:
        history = windows[0] if history is None else history + windows[0]
        windows, starts = windows[1:], starts[1:]
    return State(starts, windows, history, state.open)


def _report(
    profile: Profile, calibration: Calibration, state: State, start: int, counts: Counts, found: list[Found]
) -> Report:
    ranked = sorted(found, key=lambda one: -one.z)
    z = ranked[0].z if ranked else 0.0
    drifted = z > calibration.h if ranked else state.open
    return Report(
        start=start,
        rows=counts.rows,
        z=z,
        h=calibration.h,
        drifted=drifted,
        new=drifted and not state.open,
        approximate=calibration.approximate,
        columns=tuple(_alarm(profile, state, one) for one in ranked),
        smallest_shift=_smallest(profile, calibration, counts),
    )


def _alarm(profile: Profile, state: State, found: Found) -> Alarm:
    bins = profile.columns[found.column].bins
    return Alarm(
        column=bins.name,
        check=CHECKS[found.check],
        z=found.z,
        scale=found.scale,
        since=state.starts[-found.scale],
        growing=found.growing,
        effect=effect(bins, found.x, found.r),
    )


def _smallest(profile: Profile, calibration: Calibration, counts: Counts) -> dict[str, float]:
    place = CHECKS.index("location")
    size = profile.reference.rows
    return {
        column.bins.name: smallest_shift(
            calibration.h, counts.rows, size, calibration.location[c] * calibration.easy[c][place] ** 2
        )
        for c, column in enumerate(profile.columns)
        if column.bins.ordered and not column.calendar
    }


def _rows(profile: Profile, rng: np.random.Generator, most: int = 20_000) -> Codes:
    n = max(min(profile.reference.rows, most), 1)
    drawn = []
    for column in stack([profile.reference])[0]:
        drawn.append(rng.choice(len(column), n, p=column / max(column.sum(), 1)))
    return np.stack(drawn, axis=1)


def _plain(spread: Spread) -> dict[str, Any]:
    """Its parts as the fields of a Calibration."""
    parts: dict[str, Floats] = asdict(spread)
    return {name: _nested(part) if part.ndim == 2 else tuple(part.tolist()) for name, part in parts.items()}


def _nested(values: Floats) -> Rows:
    return tuple(tuple(row) for row in values.tolist())
