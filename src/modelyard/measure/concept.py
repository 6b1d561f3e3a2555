"""Has the model become worse on rows whose truth is known? Binned losses, scanned like drift, one-sided.

One number per row (0/1 loss, log loss, absolute error) falls into bins; the mean loss of the last 1, 2, 4 … windows is
held against a growing reference. Simulation gives the threshold, so that the rate of false alarms is promised.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from modelyard.measure.bins import Codes
from modelyard.measure.drift import ONE_PER_HORIZON
from modelyard.measure.intervals import Interval
from modelyard.measure.profile import DAY
from modelyard.measure.scan import SCALES
from modelyard.measure.spread import FEWEST, LIMIT
from modelyard.measure.threshold import gumbel, runs
from modelyard.rows.table import Floats

LEVELS = np.linspace(0.1, 0.9, 9)
LEAST = 20.0
"""Blocks with fewer labels are not looked at: a mean of so few is no normal variable."""


class Losses(Struct, frozen=True, kw_only=True):
    """The reference: bin k holds losses in (edges[k-1], edges[k]] with mean `values[k]`; its counts, whole and by
    period."""

    edges: tuple[float, ...]
    values: tuple[float, ...]
    reference: tuple[float, ...]
    periods: tuple[tuple[float, ...], ...] = ()


class LossCalibration(Struct, frozen=True, kw_only=True):
    """`ratio`: variance of the mean loss between periods to that of independent rows (1 where below 1.5)."""

    h: float
    ratio: float
    alpha: float
    horizon: int

    @property
    def approximate(self) -> bool:
        return self.ratio > 1.0


class LossState(Struct, frozen=True):
    starts: tuple[int, ...] = ()
    windows: tuple[tuple[float, ...], ...] = ()
    history: tuple[float, ...] = ()
    open: bool = False


class LossReport(Struct, frozen=True, kw_only=True):
    """`loss`: mean of the block that stands out, with a 95 % interval; `usual`: of the reference."""

    z: float
    h: float
    worse: bool
    new: bool
    scale: int
    since: int
    loss: Interval
    usual: float
    approximate: bool


def learn_losses(losses: Floats, times: Floats | None = None, window: int = DAY) -> Losses:
    """From the losses (n,) of rows that the model never saw (out of fold, or the holdout)."""
    distinct = np.unique(losses)
    few = len(distinct) <= len(LEVELS)
    edges = distinct[:-1] if few else np.unique(np.quantile(losses, LEVELS, method="inverted_cdf"))
    place = np.searchsorted(edges, losses, side="left")
    rows = np.bincount(place, minlength=len(edges) + 1)
    values = np.bincount(place, weights=losses, minlength=len(edges) + 1) / np.maximum(rows, 1)
    periods: tuple[tuple[float, ...], ...] = ()
    if times is not None:
        slots = times // window
        parts = (np.bincount(place[slots == s], minlength=len(rows)) for s in np.unique(slots))
        periods = tuple(tuple(map(float, part)) for part in parts)
    return Losses(
        edges=tuple(edges.tolist()),
        values=tuple(values.tolist()),
        reference=tuple(map(float, rows)),
        periods=periods,
    )


def count_losses(losses: Losses, values: Floats) -> tuple[float, ...]:
    """(bins,) counts of a window's losses."""
    place = np.searchsorted(np.array(losses.edges), values, side="left")
    return tuple(map(float, np.bincount(place, minlength=len(losses.values))))


def calibrate_losses(
    losses: Losses,
    *,
    alpha: float = ONE_PER_HORIZON,
    horizon: int = 90,
    rows: int = 500,
    repeats: int = 300,
    seed: int = 0,
) -> LossCalibration:
    """Windows of rows drawn one by one where periods do not differ more than these would make them (or are fewer than
    eight: then of `rows` rows). Where they do, whole periods are drawn, and because these are few and none is more
    extreme than the worst one seen, periods of a normal law beside them: the larger threshold counts."""
    rng = np.random.default_rng(seed)
    r, values = np.array(losses.reference), np.array(losses.values)
    periods = np.array([p for p in losses.periods if sum(p) > 0])
    by_days = len(periods) >= FEWEST
    ratio = _ratio(periods, values) if by_days else 1.0
    if ratio > 1.0:
        drawn = (_drawn_maximum(periods, horizon, values, ratio, rng) for _ in range(repeats))
        normal = (_normal_maximum(len(periods), horizon, rng) for _ in range(repeats))
        h = max(gumbel(np.array(list(maxima)), alpha) for maxima in (drawn, normal))
    else:
        sizes = periods.sum(1).astype(np.int64) if by_days else np.array([rows])
        h = gumbel(np.array([_row_maximum(r, sizes, horizon, values, rng) for _ in range(repeats)]), alpha)
    return LossCalibration(h=h, ratio=ratio, alpha=alpha, horizon=horizon)


def _row_maximum(r: Floats, sizes: Codes, horizon: int, values: Floats, rng: np.random.Generator) -> float:
    """Of independent rows: a reference as large as r, windows as large as periods are."""
    p = r / r.sum()
    reference = rng.multinomial(int(r.sum()), p)
    windows = rng.multinomial(rng.choice(sizes, horizon), p)
    return stream_maximum(windows.astype(np.float64), reference.astype(np.float64), values)


def _drawn_maximum(periods: Floats, horizon: int, values: Floats, ratio: float, rng: np.random.Generator) -> float:
    reference = periods[runs(len(periods), len(periods), 7, rng)].sum(0)
    return stream_maximum(periods[runs(len(periods), horizon, 7, rng)], reference, values, ratio)


def _normal_maximum(periods: int, horizon: int, rng: np.random.Generator) -> float:
    """Of periods whose mean losses are normal and whose spread is known from the reference's own ones alone."""
    then, now = rng.standard_normal(periods), rng.standard_normal(horizon)
    spread = float(np.std(then, ddof=1))
    total = np.concatenate([[0.0], np.cumsum(now)])
    best = -np.inf
    for scale in SCALES:
        if scale <= horizon:
            before = np.arange(horizon - scale + 1)
            gap = (total[scale:] - total[:-scale]) / scale - (then.sum() + total[:-scale]) / (periods + before)
            best = max(best, float((gap / (spread * np.sqrt(1 / scale + 1 / (periods + before)))).max()))
    return best


def stream_maximum(windows: Floats, reference: Floats, values: Floats, ratio: float = 1.0) -> float:
    """The largest z that a stream of windows (t, bins) reaches."""
    total = np.concatenate([np.zeros((1, windows.shape[1])), np.cumsum(windows, axis=0)])
    best = -np.inf
    for scale in SCALES:
        if scale <= len(windows):
            x = total[scale:] - total[:-scale]
            best = max(best, float(loss_z(x, reference + total[:-scale], values, ratio).max()))
    return best


def loss_z(x: Floats, r: Floats, values: Floats, ratio: float = 1.0) -> Floats:
    """One-sided z of the mean loss of x (…, bins) above that of r (…, bins)."""
    n, size = x.sum(-1), r.sum(-1)
    f = (x + r) / (n + size)[..., None]
    centred = values - (values * f).sum(-1, keepdims=True)
    variance = (centred**2 * f).sum(-1) * (1 / np.maximum(n, 1) + 1 / np.maximum(size, 1)) * ratio
    gap = (values * (x / np.maximum(n, 1)[..., None] - r / np.maximum(size, 1)[..., None])).sum(-1)
    return np.asarray(np.where(n >= LEAST, gap / np.sqrt(np.maximum(variance, 1e-300)), 0.0))


def observe_losses(
    losses: Losses, calibration: LossCalibration, state: LossState, start: int, counts: tuple[float, ...]
) -> tuple[LossState, LossReport]:
    """One more window of labelled rows."""
    grown = _push(state, start, counts)
    r, values = np.array(losses.reference), np.array(losses.values)
    seen = [(float(loss_z(x, r + before, values, calibration.ratio)), s, x) for s, x, before in _blocks(grown, len(r))]
    z, scale, block = max(seen, key=lambda one: one[0])
    worse = z > calibration.h
    report = LossReport(
        z=z,
        h=calibration.h,
        worse=worse,
        new=worse and not state.open,
        scale=scale,
        since=grown.starts[-scale],
        loss=_mean(block, values, calibration.ratio),
        usual=float((values * r).sum() / r.sum()),
        approximate=calibration.approximate,
    )
    return LossState(grown.starts, grown.windows, grown.history, worse), report


def _push(state: LossState, start: int, counts: tuple[float, ...]) -> LossState:
    windows, starts, history = (*state.windows, counts), (*state.starts, start), state.history
    if len(windows) > SCALES[-1]:
        history = tuple(a + b for a, b in zip(history or (0.0,) * len(counts), windows[0], strict=True))
        windows, starts = windows[1:], starts[1:]
    return LossState(starts, windows, history, state.open)


def _blocks(state: LossState, bins: int) -> Iterator[tuple[int, Floats, Floats]]:
    windows = np.array(state.windows)
    history = np.array(state.history) if state.history else np.zeros(bins)
    for scale in SCALES:
        if scale <= len(windows):
            yield scale, windows[-scale:].sum(0), history + windows[:-scale].sum(0)


def _mean(x: Floats, values: Floats, ratio: float) -> Interval:
    n = max(float(x.sum()), 1.0)
    mean = float((values * x).sum() / n)
    half = 1.96 * (ratio * float((values**2 * x).sum() / n - mean**2) / n) ** 0.5
    return Interval(mean, mean - half, mean + half)


def _ratio(periods: Floats, values: Floats) -> float:
    n = periods.sum(1)
    p = periods.sum(0) / n.sum()
    centre = float((values * p).sum())
    variance = float(((values - centre) ** 2 * p).sum())
    means = (periods * values).sum(1) / n
    between = float((n * (means - centre) ** 2).sum() / (len(n) - 1))
    return between / variance if variance > 0 and between / variance > LIMIT else 1.0
