from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

class _Classifier:
    def __init__(self, **parameters: Any) -> None: ...
    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = ...) -> Any: ...
    def predict_proba(self, X: Floats) -> Floats: ...

class _Regressor:
    def __init__(self, **parameters: Any) -> None: ...
    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = ...) -> Any: ...
    def predict(self, X: Floats) -> Floats: ...

class RandomForestClassifier(_Classifier):
    estimators_: Sequence[Any]

class RandomForestRegressor(_Regressor):
    estimators_: Sequence[Any]

class ExtraTreesClassifier(_Classifier):
    estimators_: Sequence[Any]

class ExtraTreesRegressor(_Regressor):
    estimators_: Sequence[Any]

class HistGradientBoostingClassifier(_Classifier):
    _predictors: Sequence[Sequence[Any]]
    _baseline_prediction: Floats
    is_categorical_: NDArray[np.bool_] | None

class HistGradientBoostingRegressor(_Regressor):
    _predictors: Sequence[Sequence[Any]]
    _baseline_prediction: Floats
    is_categorical_: NDArray[np.bool_] | None

class IsolationForest:
    estimators_: Sequence[Any]
    max_samples_: int
    offset_: float
    def __init__(
        self, *, n_estimators: int = ..., contamination: str | float = ..., random_state: int = ...
    ) -> None: ...
    def fit(self, X: Floats) -> IsolationForest: ...
    def predict(self, X: Floats) -> Floats: ...
    def decision_function(self, X: Floats) -> Floats: ...
