"""Keep a share of the rows, drawn by chance but always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Sample(TableStep, frozen=True, kw_only=True, tag="table.sample"):
    """Each row stays with that chance, decided by its place in the table and the project's seed alone: the same rows at
    each run, and as good a draw from a file that is larger than the memory.

    Right: `share: 0.1` to try a project on a tenth of a large file. Wrong: to mend classes that are rare: the rare ones
    get rarer; take `sample.balance`.

    >>> import polars as pl
    >>> rows = pl.LazyFrame({"row": range(1000)})
    >>> drawn_once, again = (Sample(share=0.1).run(Context(), rows).collect() for _ in range(2))
    >>> drawn_once.height, drawn_once.equals(again)
    (92, True)
    """

    share: Annotated[float, Meta(gt=0, le=1, description="The chance of each row to stay.")]

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.spilled import Gathering, parts

        kept, start = Gathering(ctx.folder), 0
        for part in parts(tables[0]):
            kept.add(part.filter(drawn(start, part.height, self.share, ctx.seed)))
            start += part.height
        return kept.lazy()


def drawn(start: int, rows: int, share: float, seed: int) -> NDArray[np.bool_]:
    """(rows,) whether each row from `start` on is in a draw: SplitMix64 of its place, which no library changes.

    >>> int(drawn(0, 10_000, 0.1, seed=0).sum()), bool((drawn(5, 9, 0.5, 1) == drawn(0, 14, 0.5, 1)[5:]).all())
    (1049, True)
    """
    x: NDArray[Any] = np.arange(start, start + rows, dtype=np.uint64) + np.uint64(seed % 2**32 * 2**32 + 1)
    x = x * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((x ^ (x >> np.uint64(31))) / 2.0**64 < share)
