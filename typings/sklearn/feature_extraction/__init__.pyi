"""The calls used."""

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import NDArray

class Sparse:
    def toarray(self) -> NDArray[Any]: ...

class FeatureHasher:
    def __init__(self, n_features: int, *, input_type: str, alternate_sign: bool) -> None: ...
    def transform(self, raw_X: Iterable[Sequence[str]]) -> Sparse: ...
