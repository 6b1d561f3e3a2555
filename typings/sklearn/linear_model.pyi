from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

class LinearRegression:
    coef_: Floats
    intercept_: float
    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = ...) -> LinearRegression: ...
    def predict(self, X: Floats) -> Floats: ...

class Ridge:
    coef_: Floats
    intercept_: float
    def __init__(self, alpha: float = ...) -> None: ...
    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = ...) -> Ridge: ...
    def predict(self, X: Floats) -> Floats: ...

class LogisticRegression:
    coef_: Floats
    intercept_: Floats
    n_iter_: NDArray[np.int32]
    def __init__(
        self,
        *,
        C: float = ...,
        l1_ratio: float = ...,
        max_iter: int = ...,
        class_weight: Literal["balanced"] | None = ...,
        random_state: int | None = ...,
        **more: Any,
    ) -> None: ...
    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = ...) -> LogisticRegression: ...
    def predict_proba(self, X: Floats) -> Floats: ...

class BayesianRidge:
    coef_: Floats
    intercept_: float
