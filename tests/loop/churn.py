"""Customers who leave, as a project of the loop: the head of its file, its rows and when it is."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

DAY = 86_400_000_000
NOW = 19_700 * DAY + 5
HEAD = """modelyard: 1
name: churn
task: classification
target: {column: left, positive: true}
roles: {id: key, time: seen}
"""
COMPARED = "{use: evaluate.compare, candidates: [model.logistic_regression], split: {kind: kfold, folds: 3}}"


def rows(n: int, seed: int) -> pl.DataFrame:
    """Who leaves is `a` > 0."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    seen = [datetime(2013, 1, 1 + k % 20, 6, tzinfo=UTC) for k in range(n)]
    made = {"key": [f"k{seed}-{i:03}" for i in range(n)], "a": a, "seen": seen, "left": a > 0}
    return pl.DataFrame(made, schema_overrides={"seen": pl.Datetime("us", "UTC")})
