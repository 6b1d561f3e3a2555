"""Where the row stands that came some rows before, in an earlier moment."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from modelyard.frame.ordered import PLACE, START, TIME, timed


def earlier(frame: pl.LazyFrame, time: str, by: list[str], back: Sequence[int], zone: str) -> pl.LazyFrame:
    """Place -> `__at_K`: the place of the K-th row back among those of its key with a time < its own, else null."""
    keys = {f"__key{place}": pl.col(name) for place, name in enumerate(by)}
    rows = timed(frame, time, by, zone).select(PLACE, TIME, **keys).sort(*keys, TIME, PLACE).with_row_index("__rank")
    moment = pl.col("__rank").min().over(*keys, TIME).cast(pl.Int64)
    first = pl.col("__rank").min().over(*keys) if keys else pl.col("__rank").min()
    ranked = rows.with_columns(moment.alias("__moment"), first.cast(pl.Int64).alias(START))
    return ranked.select(PLACE, *(_place(one) for one in back))


def _place(back: int) -> pl.Expr:
    rank = pl.col("__moment") - back
    there = pl.when(rank >= pl.col(START)).then(rank)
    return pl.col(PLACE).gather(there).alias(f"__at_{back}")
