"""A packed file as a plain one on the disk, unpacked piece by piece: memory has no room for what a file may hold."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from modelyard.errors.data import UnreadableTable
from modelyard.frame.blocks import blocks
from modelyard.frame.source import first_line

ZST = b"\x28\xb5\x2f\xfd"
LETTERS = 10_000
"""Of a line, at most, on average, where only the beginning is asked for."""


@contextmanager
def unpacked(path: Path, packed: str) -> Iterator[Path]:
    """The file itself where it is not packed, else its text, until the block ends. Raises UnreadableTable."""
    if not packed:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
        plain = Path(folder) / "plain"
        if packed == ".zst":
            _unzst(path, plain)
        else:
            with open(plain, "wb") as out:
                for piece in blocks(path):
                    out.write(piece)
        yield plain


def beginning(path: Path, packed: str, size: int) -> bytes:
    """At most so many bytes of its text. Raises UnreadableTable."""
    if packed != ".zst":
        return next(blocks(path), b"")[:size]
    try:
        lines = pl.scan_lines(path).head(size // LETTERS).collect().to_series().to_list()
    except pl.exceptions.PolarsError as error:
        raise _torn(path, first_line(error)) from None
    return "\n".join(lines).encode()[:size]


def _unzst(path: Path, into: Path) -> None:
    """By polars, which has the one unpacker that we need no library more for, and takes for plain text what does not
    begin like zst; line ends become newlines."""
    with open(path, "rb") as file:
        if file.read(len(ZST)) != ZST:
            raise _torn(path, "it is no zst")
    try:
        pl.scan_lines(path).sink_csv(into, include_header=False, quote_style="never")
    except pl.exceptions.PolarsError as error:
        raise _torn(path, first_line(error)) from None


def _torn(path: Path, found: str) -> UnreadableTable:
    way_out = "pack it again, or get it again: it may be cut short"
    return UnreadableTable(f"cannot be unpacked: {found}"[:300], where=str(path), way_out=way_out)
