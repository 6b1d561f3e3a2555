from mmap import mmap

def scan(
    body: bytes | mmap,
    delimiter: int,
    quote: int,
    wanted: list[int],
    poison: list[int],
    fields: int = 0,
    line: int = 1,
    longest: int = -1,
    /,
) -> tuple[int, int, list[tuple[int, int, int, int]], list[tuple[int, int, int]], int, int]: ...
