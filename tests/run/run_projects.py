"""Small real projects for the tests of run/: a table with gaps and words, and a file around it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from modelyard.project.graph import graph
from modelyard.project.plan import Plan, plan
from modelyard.project.read import read
from modelyard.project.settings import settings
from modelyard.step.context import Context
from modelyard.step.registry import Registry

HEAD = "modelyard: 1\nname: shop\n"


def rows(n: int = 600, seed: int = 0) -> pl.DataFrame:
    """Two numbers (one with gaps), a word, a number to predict and a class to predict."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    town = rng.choice(["rome", "oslo", "bonn"], n)
    bonus = np.where(town == "rome", 1.5, 0.0)
    y = 2 * a - b + bonus + rng.normal(scale=0.4, size=n)
    gaps = np.where(rng.random(n) < 0.1, np.nan, a)
    return pl.DataFrame(
        {
            "key": np.arange(n),
            "a": pl.Series(gaps, nan_to_null=True),
            "b": b,
            "town": town,
            "price": np.exp(y / 2),
            "good": y > 0,
        }
    )


def planned(folder: Path, body: str, table: pl.DataFrame | None = None) -> Plan:
    """The plan of HEAD + body over `rows.csv` in the folder."""
    if table is not None or not (folder / "rows.csv").exists():
        (rows() if table is None else table).write_csv(folder / "rows.csv")
    document = read((HEAD + body).encode(), "modelyard.yaml")
    registry = Registry.installed()
    head = settings(document)
    return plan(head, graph(head, document, registry), document, registry, Context(folder=folder))


CLASSES = """task: classification
target: {column: good, positive: true}
roles: {id: key, ignore: [price]}
steps:
  - {use: read.csv, path: rows.csv}
  - {use: clean.impute, columns: numeric, strategy: median, flag: false}
  - {use: encode.one_hot, columns: town}
  - use: evaluate.compare
    candidates: [model.logistic_regression, model.random_forest]
    split: {kind: stratified, folds: 4, holdout: {share: 0.25}}
"""
