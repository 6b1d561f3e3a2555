"""scikit-learn's trees: the float32 cast folded into the threshold, gaps, and all four families."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble, tree

from modelyard.lowering.sklearn_trees import fold_float32, forest_of
from modelyard.rows.table import Floats
from modelyard.schema.contract import Contract, Field
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.engine import execute

LARGEST = float(np.finfo(np.float32).max)


@settings(deadline=None, max_examples=500)
@given(st.floats(min_value=-LARGEST, max_value=LARGEST, exclude_max=True) | st.floats(-1e-40, 1e-40))
def test_the_folded_threshold_is_the_last_number_that_float32_lets_pass(t: float) -> None:
    folded = fold_float32(np.array([t]))[0]
    with np.errstate(over="ignore"):
        assert float(np.float32(folded)) <= t < float(np.float32(np.nextafter(folded, np.inf)))


def test_an_infinite_threshold_stays_infinite_and_the_largest_float32_folds_without_a_warning() -> None:
    folded = fold_float32(np.array([np.inf, LARGEST]))
    assert folded[0] == np.inf
    assert np.float32(folded[1]) == np.float32(LARGEST)


def rows() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 4)) * [1, 1e3, 1e-3, 1e6]
    y = X[:, 0] + (X[:, 1] > 100) + rng.normal(size=5000) * 0.3
    X[rng.random(X.shape) < 0.08] = np.nan
    return X, y


FAMILIES: list[tuple[type[Any], dict[str, Any]]] = [
    (tree.DecisionTreeClassifier, {}),
    (tree.DecisionTreeRegressor, {"max_leaf_nodes": 200}),
    (tree.ExtraTreeClassifier, {}),
    (tree.ExtraTreeRegressor, {}),
    (ensemble.RandomForestClassifier, {"n_estimators": 20}),
    (ensemble.RandomForestRegressor, {"n_estimators": 20}),
    (ensemble.ExtraTreesClassifier, {"n_estimators": 20}),
    (ensemble.ExtraTreesRegressor, {"n_estimators": 20}),
]


@pytest.mark.parametrize(("family", "parameters"), FAMILIES, ids=[family.__name__ for family, _ in FAMILIES])
def test_a_family_answers_bit_for_bit_around_its_thresholds(family: type[Any], parameters: dict[str, Any]) -> None:
    X, y = rows()
    classes = "Classifier" in family.__name__
    fitted = family(random_state=1, **parameters).fit(X, np.digitize(y, [0, 1]) if classes else y)
    forest = forest_of(getattr(fitted, "estimators_", [fitted]))
    rng = np.random.default_rng(2)
    columns = [around(forest.threshold[forest.feature == feature], rng) for feature in range(4)]
    met = np.concatenate([X, np.column_stack(columns)])

    program = ProgramBuilder(Contract(tuple(Field(name=name, kind="number") for name in "abcd")))
    outputs = forest.emit(program, range(4))
    inputs = [np.ascontiguousarray(column) for column in met.T]
    ours = np.column_stack(execute(program.instructions, inputs, program.registers, outputs, len(met)))
    theirs = fitted.predict_proba(met) if classes else fitted.predict(met).reshape(-1, 1)
    assert np.array_equal(ours, theirs)


def around(thresholds: Floats, rng: np.random.Generator) -> Floats:
    """20,000 numbers: thresholds, one ulp to either side, and gaps. A split on gaps alone has threshold inf."""
    cuts = thresholds[np.isfinite(thresholds)]
    values = np.concatenate([cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf), [np.nan, 0.0, -0.0]])
    return rng.choice(values, 20_000)
