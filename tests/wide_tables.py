"""Tables of many columns: numbers, a few words, and a 0/1 target that three of the numbers make."""

from __future__ import annotations

import numpy as np
import polars as pl

WORDS = ("red", "green", "blue", "grey")


def wide(columns: int, rows: int, seed: int = 0) -> pl.DataFrame:
    """(rows, columns); one column in fifty holds words, the last is `target`."""
    rng = np.random.default_rng(seed)
    numbers = np.round(rng.normal(size=(rows, columns - 1)), 4)
    made = {
        f"word_{place}" if worded else f"number_{place}": rng.choice(WORDS, rows) if worded else values
        for place, values in enumerate(numbers.T)
        for worded in [place % 50 == 7]
    }
    target = numbers[:, :3].sum(axis=1) + rng.normal(size=rows) > 0
    return pl.DataFrame({**made, "target": target.astype(np.int64)})
