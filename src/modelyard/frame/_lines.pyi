from mmap import mmap

def scan(
    body: bytes | mmap, delimiter: int, quote: int, wanted: list[int], poison: list[int], /
) -> tuple[int, int, list[tuple[int, int, int, int]], list[tuple[int, int, int]]]: ...
