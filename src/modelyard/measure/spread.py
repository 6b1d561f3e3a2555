"""How much more days differ from each other than rows drawn one by one would make them.

Rows of one day share its weather; a variance that pretends they do not would raise an alarm every week. Per check:
the ratio of the variance between periods to the multinomial one. Where it exceeds 1.5 (a judgement, not a
measurement) the check is divided by its root, and the report says "approximate".
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from modelyard.measure.bins import WIDTH
from modelyard.measure.counts import stack
from modelyard.measure.profile import Profile
from modelyard.rows.table import Floats

LIMIT = 1.5
FEWEST = 8
"""With fewer periods a variance between them says nothing."""


class Spread(Struct, frozen=True, eq=False):
    """Ratios ≥ 1 that the checks divide by: (columns,) each, `category` (columns, WIDTH). `shape` shrinks the degrees
    of freedom of the omnibus check, because days move a few bins together."""

    omnibus: Floats
    shape: Floats
    location: Floats
    scale: Floats
    null: Floats
    category: Floats

    @property
    def approximate(self) -> bool:
        parts = (self.omnibus, self.location, self.scale, self.null, self.category)
        return any(bool((part > 1.0).any()) for part in parts)


def no_spread(columns: int) -> Spread:
    """Rows are independent: all ratios 1."""
    one = np.ones(columns)
    return Spread(one, one, one, one, one, np.ones((columns, WIDTH)))


def between_days(profile: Profile) -> Spread:
    """The ratios that the reference's own periods show."""
    use = [period for period in profile.periods if period.rows >= 2]
    if len(use) < FEWEST:
        return no_spread(len(profile.columns))
    found = spread_of(stack(use))
    ordered = np.array([column.bins.ordered for column in profile.columns])  # no check looks at a number's single bins
    return replace(found, category=np.where(ordered[:, None], 1.0, found.category))


def spread_of(x: Floats) -> Spread:
    """The ratios between periods x (days, columns, WIDTH), each with at least two rows."""
    n = x.sum(-1)
    shares = x / n[..., None]
    p = x.sum(0) / n.sum(0)[..., None]
    category = _ratio(shares, n[..., None], p * (1 - p))
    location, scale = _ordered(x, p)
    omnibus, shape = _omnibus(shares - p, n, p)
    return Spread(omnibus, shape, location, scale, category[:, 0], category)


def _ratio(values: Floats, n: Floats, variance: Floats) -> Floats:
    """Variance of `values` over periods (axis 0), each weighted by its rows, against `variance` of one row."""
    centre = (values * n).sum(0) / np.maximum(n.sum(0), 1)
    between = (n * (values - centre) ** 2).sum(0) / (len(values) - 1)
    ratio = np.divide(between, variance, out=np.ones_like(between), where=variance > 1e-12)
    return np.where(ratio > LIMIT, ratio, 1.0)


def _ordered(x: Floats, p: Floats) -> tuple[Floats, Floats]:
    u, s = rank_scores(p)
    present = x.copy()
    present[..., 0] = 0
    n = present.sum(-1)
    share = present / np.maximum(n, 1)[..., None]
    own = p.copy()
    own[..., 0] = 0
    own /= np.maximum(own.sum(-1, keepdims=True), 1e-300)
    location = _ratio((u * share).sum(-1), n, (u**2 * own).sum(-1))
    return location, _ratio((s * share).sum(-1), n, (s**2 * own).sum(-1))


def _omnibus(d: Floats, n: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Trace and squared norm of the days' covariance in units of the multinomial one: Satterthwaite's scaled χ²."""
    safe = np.where(p > 0, p, 1.0)
    e = (d * np.sqrt(n[..., None] / safe)).swapaxes(0, 1)
    days = e.shape[1]
    df = np.maximum((p > 0).sum(-1) - 1, 1)
    covariance = e.swapaxes(1, 2) @ e / (days - 1)
    trace = np.trace(covariance, axis1=-2, axis2=-1)
    square = np.maximum((covariance**2).sum((-2, -1)) - trace**2 / days, trace**2 / df)
    ratio = trace / df
    over = ratio > LIMIT
    freedom = np.divide(trace**2, square, out=np.ones_like(trace), where=square > 0)
    return np.where(over, ratio, 1.0), np.where(over, np.clip(freedom / df, 1 / df, 1.0), 1.0)


def rank_scores(f: Floats) -> tuple[Floats, Floats]:
    """Scores of location and scale per bin, (…, bins) both: mid-ranks among the values that are not null, less a half,
    and their squares, less their mean."""
    return known_scores(f)[1:]


def known_scores(f: Floats) -> tuple[Floats, Floats, Floats]:
    """The share of each bin among the values that are not null, and what `rank_scores` gives."""
    own = f.copy()
    own[..., 0] = 0
    own /= np.maximum(own.sum(-1, keepdims=True), 1e-300)
    u = np.cumsum(own, axis=-1) - own / 2 - 0.5
    square = u * u
    return own, u, square - (square * own).sum(-1, keepdims=True)


def noise_share(x: Floats, lengths: tuple[int, ...] = (1, 7, 14)) -> Floats:
    """(columns,) how much of the variance between periods x (days, columns, WIDTH) is the rows' own noise, 0 to 1: the
    least over sums of so many periods, because what lasts for weeks is small beside the noise of one day."""
    blocks = [_summed(x, length) for length in lengths if len(x) >= 4 * length]
    return np.asarray(1 / np.max([np.ones(x.shape[1]), *map(_over, blocks)], axis=0))


def _summed(x: Floats, length: int) -> Floats:
    use = len(x) // length * length
    return np.asarray(x[-use:].reshape(-1, length, *x.shape[1:]).sum(1))


def _over(x: Floats) -> Floats:
    n, total = x.sum(-1), x.sum(0)
    p = total / total.sum(-1, keepdims=True)
    expected = n[..., None] * p
    parts = np.divide((x - expected) ** 2, expected, out=np.zeros_like(x), where=expected > 0)
    return np.asarray(parts.sum((0, 2)) / (np.maximum((p > 0).sum(-1) - 1, 1) * (len(x) - 1)))
