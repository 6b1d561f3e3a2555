"""The target of a table as numbers, before anything says how it is learned."""

from __future__ import annotations

import numpy as np

from modelyard.api.suspects import Truth
from modelyard.project.guess import task_of
from modelyard.rows.table import Vector
from modelyard.schema.target import Task

MOST = 100
"""Classes; with more, a text target tells nothing about single columns."""


def truth(name: str, vector: Vector, task: Task | None = None) -> Truth | None:
    """Class codes where the task is a classification (by default: words, booleans, few whole numbers), else the
    numbers; None where there is nothing to tell.

    >>> truth("y", Vector("boolean", np.array([0.0, 1.0, np.nan]))).classes
    ('false', 'true')
    """
    if vector.kind == "text":
        return None
    known = np.unique(vector.values[~np.isnan(vector.values)])
    if len(known) < 2:
        return None
    task = task or task_of(vector.kind, len(known), len(vector.values))
    if task == "regression":
        return Truth(column=name, y=vector.values) if vector.kind != "category" else None
    if len(known) > MOST:
        return None
    y = np.where(np.isnan(vector.values), np.nan, np.searchsorted(known, vector.values))
    return Truth(column=name, y=y, classes=tuple(_word(vector, value) for value in known.tolist()))


def _word(vector: Vector, value: float) -> str:
    if vector.kind == "category":
        return vector.categories[int(value)]
    if vector.kind == "boolean":
        return "true" if value else "false"
    return f"{value:g}"
