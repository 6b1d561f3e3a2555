def parse(
    body: bytes,
    start: int,
    end: int,
    rows: int,
    delimiter: int,
    quote: int,
    kinds: bytes,
    null_words: tuple[bytes, ...],
    /,
) -> tuple[tuple[object, object], list[tuple[int, int, int, int]], list[int]] | None: ...
