"""LightGBM's model text as a forest: every missing type, booster and link, on every threshold ± 1 ulp."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from modelyard.errors.learning import CannotWriteDown
from modelyard.lowering.lightgbm_text import ZERO, parse
from modelyard.rows.table import Floats
from modelyard.schema.contract import Contract, Field
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.engine import execute

SPECIAL = [
    0.0,
    -0.0,
    ZERO,
    -ZERO,
    1e-36,
    -1e-36,
    np.nextafter(ZERO, 1),
    np.nextafter(-ZERO, -1),
    np.nan,
    np.inf,
    -np.inf,
]
NAMES = ("a", "b", "c", "code")


def rows(seed: int = 0, length: int = 6000) -> tuple[Floats, Floats]:
    """Three numbers with zeros and gaps, one category of 80, and something to learn from them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(length, 4))
    X[rng.random((length, 4)) < 0.15] = 0
    X[:, 3] = rng.integers(0, 80, length)
    y = X[:, 0] * 2 - (X[:, 1] > 0) + (X[:, 3] % 3 == 0) + rng.normal(size=length) * 0.1
    X[:, :3][rng.random((length, 3)) < 0.1] = np.nan
    return X, y


def train(parameters: dict[str, Any], X: Floats, y: Floats) -> lightgbm.Booster:
    fixed = {"verbosity": -1, "num_threads": 1, "seed": 1, "deterministic": True, "force_row_wise": True}
    data = lightgbm.Dataset(X, y, categorical_feature=[3], params=fixed)
    return lightgbm.train({**fixed, **parameters}, data, 40)


CASES: dict[str, dict[str, Any]] = {
    "gaps": {"objective": "regression"},
    "zero as missing": {"objective": "regression", "zero_as_missing": True},
    "no missing": {"objective": "regression", "use_missing": False},
    "dart": {"objective": "binary", "boosting": "dart"},
    "averaged": {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    "three classes": {"objective": "multiclass", "num_class": 3},
    "poisson": {"objective": "poisson"},
    "square root": {"objective": "regression", "reg_sqrt": True},
    "no split at all": {"objective": "regression", "min_data_in_leaf": 5000},
}


@pytest.mark.parametrize("case", CASES)
def test_raw_scores_are_lightgbms_bit_for_bit_on_all_thresholds(case: str) -> None:
    X, y = rows()
    target = {"dart": y > 0, "three classes": np.digitize(y, [-1, 1]), "poisson": np.abs(y)}.get(case, y)
    booster = train(CASES[case], X, np.asarray(target, dtype=np.float64))
    boosted = parse(booster.model_to_string())
    forest = boosted.forest
    cuts = forest.threshold[(forest.feature >= 0) & (forest.feature < 3)]
    values = np.concatenate([cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf), SPECIAL * 200])
    rng = np.random.default_rng(1)
    codes = rng.choice([*range(90), -1, np.nan, 1000], len(values))
    met = np.concatenate([X, np.column_stack([*(rng.permutation(values) for _ in range(3)), codes])])

    program = ProgramBuilder(Contract(tuple(Field(name=name, kind="number") for name in NAMES)))
    raws = boosted.emit(program, NAMES)
    inputs = [np.ascontiguousarray(column) for column in met.T]
    ours = np.column_stack(execute(program.instructions, inputs, program.registers, raws, len(met)))
    theirs = booster.predict(met, raw_score=True).reshape(len(met), -1) / forest.divide
    assert np.array_equal(ours, theirs)


def test_linear_leaves_and_foreign_objectives_are_refused() -> None:
    X, y = rows()
    for parameters in ({"objective": "regression", "linear_tree": True}, {"objective": "cross_entropy"}):
        booster = train(parameters, X, (y > 0).astype(np.float64))
        with pytest.raises(CannotWriteDown):
            parse(booster.model_to_string())
