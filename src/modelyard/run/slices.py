"""The winner's numbers for each value of a column: an average can hide a group that is served badly.

Columns: those of `slices:` and those with the role `sensitive`. A number is cut at the quarters of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from modelyard.measure.intervals import bootstrap
from modelyard.measure.metrics import Judged, Metric
from modelyard.project.plan import Plan
from modelyard.rows.table import Floats, Vector
from modelyard.run.result import Slice
from modelyard.run.split import Rows
from modelyard.schema.roles import as_names

MOST, FEWEST = 20, 20
"""Values per column that get numbers, the commonest first; rows below which a number would say nothing."""


def sliced(
    plan: Plan, columns: dict[str, Vector], truth: Judged, days: Floats | None, metric: Metric
) -> tuple[Slice, ...]:
    """`columns`: of the holdout's rows, as `truth` has them."""
    found = []
    for name in slice_columns(plan):
        for value, rows in _values(columns[name]):
            own = truth.take(rows.astype(np.float64))
            interval = bootstrap(metric, own, None if days is None else days[rows])
            found.append(Slice(column=name, value=value, rows=len(rows), interval=interval))
    return tuple(found)


def slice_columns(plan: Plan) -> tuple[str, ...]:
    named = (*plan.comparison.slices, *as_names(plan.project.roles.sensitive))
    return tuple(dict.fromkeys(named))


def _values(vector: Vector) -> Iterator[tuple[str, Rows]]:
    if vector.kind == "text":
        return
    if vector.kind in ("category", "boolean"):
        yield from _codes(vector)
    else:
        yield from _quarters(vector.values)
    nulls = np.flatnonzero(np.isnan(vector.values))
    if len(nulls) >= FEWEST:
        yield "(null)", nulls


def _codes(vector: Vector) -> Iterator[tuple[str, Rows]]:
    known = vector.values[~np.isnan(vector.values) & (vector.values >= 0)].astype(np.intp)
    counts = np.bincount(known)
    for code in np.argsort(-counts, kind="stable")[:MOST]:
        if counts[code] >= FEWEST:
            yield _word(vector, int(code)), np.flatnonzero(vector.values == code)


def _word(vector: Vector, code: int) -> str:
    return ("false", "true")[code] if vector.kind == "boolean" else vector.categories[code]


def _quarters(values: Floats) -> Iterator[tuple[str, Rows]]:
    known = values[np.isfinite(values)]
    edges: Sequence[float] = np.unique(np.quantile(known, [0, 0.25, 0.5, 0.75, 1])).tolist() if len(known) else []
    for place, (low, high) in enumerate(pairwise(edges)):
        inside = (values >= low if place == 0 else values > low) & (values <= high)
        rows = np.flatnonzero(inside)
        if len(rows) >= FEWEST:
            yield f"{low:g} to {high:g}", rows
