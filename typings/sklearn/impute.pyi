from typing import Any

import numpy as np
from numpy.typing import NDArray

class SimpleImputer:
    statistics_: NDArray[np.float64]
    def __init__(
        self, *, strategy: str = ..., fill_value: float | None = ..., keep_empty_features: bool = ...
    ) -> None: ...
    def fit(self, X: NDArray[np.float64], y: Any = ...) -> SimpleImputer: ...
    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]: ...

class IterativeImputer:
    initial_imputer_: SimpleImputer
    imputation_sequence_: list[Any]
    n_iter_: int
    def __init__(
        self,
        *,
        estimator: Any = ...,
        max_iter: int = ...,
        initial_strategy: str = ...,
        min_value: NDArray[np.float64] = ...,
        max_value: NDArray[np.float64] = ...,
        random_state: int = ...,
    ) -> None: ...
    def fit(self, X: NDArray[np.float64], y: Any = ...) -> IterativeImputer: ...
    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]: ...

class KNNImputer:
    def __init__(self, *, n_neighbors: int = ..., keep_empty_features: bool = ...) -> None: ...
    def fit(self, X: NDArray[np.float64], y: Any = ...) -> KNNImputer: ...
    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]: ...
