"""The calls used."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from sklearn.feature_extraction import Sparse

class TfidfVectorizer:
    idf_: NDArray[Any]

    def __init__(
        self,
        *,
        analyzer: str,
        ngram_range: tuple[int, int],
        lowercase: bool,
        min_df: int | float,
        max_df: int | float,
        max_features: int | None,
        use_idf: bool,
        smooth_idf: bool,
        sublinear_tf: bool,
        norm: str | None,
    ) -> None: ...
    def fit(self, raw_documents: Sequence[str]) -> TfidfVectorizer: ...
    def transform(self, raw_documents: Sequence[str]) -> Sparse: ...
    def get_feature_names_out(self) -> NDArray[Any]: ...

class HashingVectorizer:
    def __init__(
        self,
        *,
        analyzer: str,
        ngram_range: tuple[int, int],
        lowercase: bool,
        n_features: int,
        alternate_sign: bool,
        norm: str | None,
    ) -> None: ...
    def transform(self, X: Sequence[str]) -> Sparse: ...
