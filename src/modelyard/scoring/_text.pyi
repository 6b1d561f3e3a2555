from typing import Any

class Terms:
    def __new__(
        cls,
        vocabulary: tuple[str, ...],
        idf: bytes,
        kind: int,
        shortest: int,
        longest: int,
        lower: bool,
        sublinear: bool,
        norm: int,
        /,
    ) -> Terms: ...
    def fill(self, texts: list[Any], out: Any, /) -> list[int]: ...
