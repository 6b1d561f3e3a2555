import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

class PCA:
    components_: Floats
    mean_: Floats
    explained_variance_: Floats
    def __init__(
        self, n_components: int | float | None = ..., *, whiten: bool = ..., random_state: int | None = ...
    ) -> None: ...
    def fit(self, X: Floats) -> PCA: ...
    def transform(self, X: Floats) -> Floats: ...
