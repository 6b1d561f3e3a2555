"""A file's text as pieces of UTF-8 bytes, one after the other: unpacked, decoded, without a byte order mark; never held
whole, so that a file may be larger than the memory.

(zst alone is unpacked at once: by polars, which has the one unpacker that we need no library more for.)
"""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO

from modelyard.errors.data import UnreadableTable
from modelyard.frame.opened import LARGEST, PACKED, UTF8, member, unzst

PIECE = 4 * 2**20
"""Bytes at once."""


def blocks(path: Path, encoding: str = "utf8") -> Iterator[bytes]:
    """Raises UnreadableTable where the file cannot be unpacked or is in another encoding."""
    pieces = _checked(_pieces(path), path)
    yield from _newlines(_plain(pieces, path) if encoding == "utf8" else _decoded(pieces, path, encoding))


def _checked(pieces: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """What may go wrong while unpacking, in our words; not more than a limit: a small file can hold a hundred gigabytes
    of nothing."""
    seen, packed = 0, path.suffix.lower() in PACKED
    try:
        for piece in pieces:
            seen += len(piece)
            if packed and seen > LARGEST:
                found = f"unpacks to more than {LARGEST:,} bytes"
                raise UnreadableTable(found, where=str(path), way_out="unpack it yourself")
            yield piece
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        way_out = "pack it again, or get it again: it may be cut short"
        raise UnreadableTable(f"cannot be unpacked: {error}", where=str(path), way_out=way_out) from None


def _pieces(path: Path) -> Iterator[bytes]:
    suffix = path.suffix.lower()
    if suffix == ".zst":
        yield unzst(path)
        return
    with _file(path, suffix) as file:
        while piece := file.read(PIECE):
            yield piece


@contextmanager
def _file(path: Path, suffix: str) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if suffix == ".gz":
        with gzip.open(path) as packed:
            yield packed
    elif suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(member(archive, path)) as part:
            yield part
    else:
        with open(path, "rb") as file:
            yield file


def _plain(pieces: Iterator[bytes], path: Path) -> Iterator[bytes]:
    first = next(pieces, b"")
    if first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise UnreadableTable("is UTF-16", where=str(path), way_out="write `encoding: utf-16`")
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from pieces


def _decoded(pieces: Iterator[bytes], path: Path, encoding: str) -> Iterator[bytes]:
    lossy = encoding in UTF8
    try:
        decoder = codecs.getincrementaldecoder("utf-8" if lossy else encoding)("replace" if lossy else "strict")
    except LookupError:
        way_out = "write a codec that Python knows: utf8, latin-1, cp1252, utf-16 …"
        raise UnreadableTable(f"there is no encoding {encoding!r}", where=str(path), way_out=way_out) from None
    line, last, at_start = 1, b"", True
    for piece in _ended(pieces):
        try:
            text = decoder.decode(piece or b"", final=piece is None)
        except UnicodeError as error:
            line += (piece or last)[: getattr(error, "start", 0)].count(b"\n")
            raise UnreadableTable(f"is not {encoding}: {error}", where=f"{path}, line {line}") from None
        line, last = line + (piece or b"").count(b"\n"), piece or last
        done = text.removeprefix("\ufeff") if at_start else text
        at_start = at_start and not text
        yield done.encode("utf-8", errors="replace")


def _ended(pieces: Iterator[bytes]) -> Iterator[bytes | None]:
    yield from pieces
    yield None


def _newlines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Files of old spreadsheets end their lines in a lone carriage return: seen in the first piece."""
    first = next(pieces, b"")
    lone = b"\n" not in first and b"\r" in first
    for piece in chain((first,), pieces):
        yield piece.replace(b"\r", b"\n") if lone else piece
