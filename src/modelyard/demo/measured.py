"""How good a day's answers were, by the truths that came, and how good they look before those come.

Over all versions that answered that day: a day is what the people at the gate saw, whoever served.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from modelyard.loop.truths import Answered, answered
from modelyard.measure.estimate import EXPECTED
from modelyard.measure.ranks import roc_auc
from modelyard.package.model import Model
from modelyard.rows.table import Floats
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store
from modelyard.store.versions import listed

EMPTY: Floats = np.array([], dtype=np.float64)


class Measured(Struct, frozen=True):
    """ROC-AUC; None where it is not defined (no rows, one class only, nothing to estimate by)."""

    realised: float | None = None
    estimated: float | None = None
    rows: int = 0
    labelled: int = 0


class Ruler:
    """Opens each package once."""

    def __init__(self, store: Store, metadata: Metadata, name: str) -> None:
        self._store, self._metadata, self._name = store, metadata, name
        self._models: dict[str, Model] = {}

    def measure(self, start: int, end: int) -> Measured:
        """The shipped rows whose event lies in [start, end), microseconds."""
        parts = [(model, found) for model, found in self._parts(start, end) if len(found)]
        if not parts:
            return Measured()
        known = [found.known for _, found in parts]
        score, y = _joined([_score(one) for one in known]), _joined([_positive(one) for one in known])
        return Measured(
            realised=roc_auc(y, score, np.ones(len(y))) if 0 < y.sum() < len(y) else None,
            estimated=_estimated(parts),
            rows=sum(len(found) for _, found in parts),
            labelled=len(y),
        )

    def _parts(self, start: int, end: int) -> list[tuple[Model, Answered]]:
        with self._metadata.begin() as sql:
            digests = [version.digest for version in listed(sql, self._name)]
        models = [(digest, self._model(digest)) for digest in digests]
        return [(model, answered(self._store, model, digest, start, end)) for digest, model in models]

    def _model(self, digest: str) -> Model:
        if digest not in self._models:
            self._models[digest] = open_package(self._store, digest)
        return self._models[digest]


def _estimated(parts: list[tuple[Model, Answered]]) -> float | None:
    chances: list[Floats] = []
    for model, found in parts:
        estimator = None if model.monitors is None else model.monitors.estimator
        if estimator is None:
            return None
        chances.append(np.asarray(estimator.calibrator(_score(found)), dtype=np.float64))
    score, chance = _joined([_score(found) for _, found in parts]), _joined(chances)
    value = EXPECTED["roc_auc"](chance, score, _joined([found.prediction for _, found in parts]))
    return float(value) if np.isfinite(value) else None


def _score(rows: Answered) -> Floats:
    return np.asarray(rows.scores[:, rows.positive], dtype=np.float64)


def _positive(rows: Answered) -> Floats:
    return np.asarray(rows.y == rows.positive, dtype=np.float64)


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else EMPTY
