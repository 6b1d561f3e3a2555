"""How large a difference is, and how small a one the monitor could have seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from modelyard.measure.bins import Bins
from modelyard.measure.spread import rank_scores
from modelyard.rows.table import Floats


class Effect(Struct, frozen=True, kw_only=True):
    """`shift`: of the ranks, in standard deviations of a normal column; `scale`: ratio of spreads by the same measure;
    `nulls` and `share`: change in share (of `label`, the bin that changed most); `psi`: population stability index."""

    shift: float | None = None
    scale: float | None = None
    nulls: float = 0.0
    label: str = ""
    share: float = 0.0
    psi: float = 0.0


def effect(bins: Bins, x: Sequence[float] | Floats, r: Sequence[float] | Floats) -> Effect:
    """Counts x of a window against r of the reference, both in the column's bins."""
    x, r = np.asarray(x, dtype=np.float64)[: bins.size], np.asarray(r, dtype=np.float64)[: bins.size]
    now, then = x / max(x.sum(), 1), r / max(r.sum(), 1)
    change = now - then
    most = int(np.argmax(np.abs(change)))
    shift, scale = _moved(x, r) if bins.ordered else (None, None)
    return Effect(
        shift=shift,
        scale=scale,
        nulls=float(change[0]),
        label=bins.labels[most],
        share=float(change[most]),
        psi=psi(x, r),
    )


def psi(x: Floats, r: Floats) -> float:
    """Population stability index, half a row added to each bin.

    >>> round(psi(np.array([50.0, 50]), np.array([500.0, 500])), 3)
    0.0
    """
    now, then = (x + 0.5) / (x.sum() + 0.5 * len(x)), (r + 0.5) / (r.sum() + 0.5 * len(r))
    return float(((now - then) * np.log(now / then)).sum())


def _moved(x: Floats, r: Floats) -> tuple[float | None, float | None]:
    if x[1:].sum() == 0 or r[1:].sum() == 0:
        return None, None
    u, s = rank_scores(r)
    d, own = x[1:] / x[1:].sum(), r[1:] / r[1:].sum()
    width, wide = float((u[1:] ** 2 * own).sum()), float((s[1:] ** 2 * own).sum())
    if width <= 0 or wide <= 0:
        return None, None
    # A shift of δ sd moves the mean score by 0.977 δ of its own sd, a ratio of spreads s by 0.957 (s − 1).
    shift = float((u[1:] * d).sum()) / width**0.5 / 0.977
    return shift, max(1 + float((s[1:] * d).sum()) / wide**0.5 / 0.957, 0.0)


def smallest_shift(h: float, rows: float, reference: float, ratio: float = 1.0) -> float:
    """The shift in sd that a block of `rows` finds with 80 % power against `reference` rows (history included) at
    threshold h; `ratio`: the check's variance between days to the multinomial one, times the square of its `easy`.

    >>> round(smallest_shift(4.6, 2_000, 20_000), 3)
    0.134
    """
    error = float((ratio * (1 / max(rows, 1) + 1 / max(reference, 1))) ** 0.5)
    return (h + 0.84 + 0.15) * error / 0.977
