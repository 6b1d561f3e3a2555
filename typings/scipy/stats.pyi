import numpy as np
from numpy.typing import NDArray

def rankdata(a: NDArray[np.float64], *, axis: int | None = ..., nan_policy: str = ...) -> NDArray[np.float64]: ...
