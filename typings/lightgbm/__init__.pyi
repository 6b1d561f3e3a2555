"""The calls that we use, typed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

class Dataset:
    def __init__(
        self,
        data: Floats,
        label: Floats | None = ...,
        weight: Floats | None = ...,
        categorical_feature: list[int] = ...,
        params: dict[str, Any] | None = ...,
    ) -> None: ...

class Booster:
    def model_to_string(self) -> str: ...
    def predict(self, data: Floats, *, num_threads: int = ...) -> Floats: ...

def train(params: dict[str, Any], train_set: Dataset, num_boost_round: int = ...) -> Booster: ...
