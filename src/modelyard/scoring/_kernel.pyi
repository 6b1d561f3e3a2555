from collections.abc import Sequence
from typing import Any

class Kernel:
    def __new__(
        cls,
        code: bytes,
        reals: bytes,
        nodes: bytes,
        bits: bytes,
        trees: bytes,
        scratch: int,
        wanted: bytes,
        inputs: int,
        registers: int,
        /,
    ) -> Kernel: ...
    def row(self, values: Sequence[float | str], /) -> tuple[float, ...]: ...
    def run(self, columns: tuple[Any, ...], out: Any, length: int, /) -> None: ...

def apply(f: int, values: Any, /) -> None: ...
