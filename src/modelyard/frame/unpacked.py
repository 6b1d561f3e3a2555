"""A packed file as a plain one on the disk, unpacked block by block: memory has no room for what a file may hold."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import polars as pl

from modelyard.errors.data import UnreadableTable

LARGEST = 16 * 2**30
"""Bytes that a packed file may hold: a small one can hold a hundred gigabytes of nothing."""
BLOCK = 2**20
ZST = b"\x28\xb5\x2f\xfd"
DAMAGED = (EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)


@contextmanager
def unpacked(path: Path, packed: str) -> Iterator[Path]:
    """The file itself where it is not packed, else its content, until the block ends. Raises UnreadableTable."""
    if not packed:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
        plain = Path(folder) / "plain"
        try:
            _begins(path, packed)
            _unpack(path, packed, plain)
        except (*DAMAGED, OSError, pl.exceptions.PolarsError) as error:
            way_out = "pack it again, or get it again: it may be cut short"
            raise UnreadableTable(f"cannot be unpacked: {error}"[:300], where=str(path), way_out=way_out) from None
        yield plain


def beginning(path: Path, packed: str, size: int) -> bytes:
    """At most so many bytes of what it holds. Raises UnreadableTable."""
    try:
        _begins(path, packed)
        if packed == ".zst":
            return "\n".join(pl.scan_lines(path).head(size // 1000).collect().to_series()).encode()[:size]
        if packed == ".gz":
            with gzip.open(path) as file:
                return file.read(size)
        with zipfile.ZipFile(path) as archive, archive.open(_only(archive, path)) as file:
            return file.read(size)
    except (*DAMAGED, OSError, pl.exceptions.PolarsError) as error:
        raise UnreadableTable(f"cannot be unpacked: {error}"[:300], where=str(path)) from None


def _begins(path: Path, packed: str) -> None:
    """polars takes for plain text what does not begin like zst."""
    if packed == ".zst":
        with open(path, "rb") as file:
            if file.read(4) != ZST:
                raise EOFError("it is no zst")


def _unpack(path: Path, packed: str, into: Path) -> None:
    if packed == ".zst":
        # By polars, which has the one unpacker that we need no library more for; line ends become newlines.
        pl.scan_lines(path).sink_csv(into, include_header=False, quote_style="never")
        return
    with open(into, "wb") as out:
        if packed == ".gz":
            with gzip.open(path) as file:
                _copied(file, out, path)
            return
        with zipfile.ZipFile(path) as archive, archive.open(_only(archive, path)) as file:
            _copied(file, out, path)


def _copied(file: IO[bytes] | gzip.GzipFile, out: IO[bytes], path: Path) -> None:
    copied = 0
    while block := file.read(BLOCK):
        copied += len(block)
        if copied > LARGEST:
            found = f"unpacks to more than {LARGEST:,} bytes"
            raise UnreadableTable(found, where=str(path), way_out="unpack it yourself")
        out.write(block)


def _only(archive: zipfile.ZipFile, path: Path) -> str:
    members = [one for one in archive.namelist() if not one.endswith("/") and not one.startswith("__MACOSX/")]
    if len(members) != 1:
        found = f"holds {len(members)} files: {', '.join(members[:5])}"
        raise UnreadableTable(found, where=str(path), way_out="keep one file in it")
    return members[0]
