"""A file's text as UTF-8 bytes: unpacked, decoded, without a byte order mark.

A plain file is read, not mapped: one that is cut short meanwhile would end the process. What is packed is unpacked up
to a limit: a small file can hold a hundred gigabytes of nothing.
"""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from pathlib import Path
from typing import IO

import polars as pl

from modelyard.errors.data import UnreadableTable
from modelyard.frame.lines import Body

LARGEST = 16 * 2**30
"""Bytes that a packed file may hold."""
UTF8 = ("utf8", "utf8-lossy")
PACKED = (".gz", ".zst", ".zip")


def opened(path: Path, encoding: str = "utf8") -> Body:
    """Raises UnreadableTable where the file cannot be unpacked or is in another encoding."""
    try:
        body = _body(path)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        way_out = "pack it again, or get it again: it may be cut short"
        raise UnreadableTable(f"cannot be unpacked: {error}", where=str(path), way_out=way_out) from None
    return _utf8(body, path, encoding)


def plain(path: Path) -> bool:
    return path.suffix.lower() not in PACKED


def _body(path: Path) -> Body:
    suffix = path.suffix.lower()
    if suffix == ".gz":
        with gzip.open(path) as file:
            return _limited(file, path)
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(member(archive, path)) as part:
            return _limited(part, path)
    if suffix == ".zst":
        return unzst(path)
    return path.read_bytes()


def _limited(file: IO[bytes] | gzip.GzipFile, path: Path) -> bytes:
    body = file.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise UnreadableTable(f"unpacks to more than {LARGEST:,} bytes", where=str(path), way_out="unpack it yourself")
    return body


def member(archive: zipfile.ZipFile, path: Path) -> str:
    """The name of the one file in it. Raises UnreadableTable."""
    members = [one for one in archive.namelist() if not one.endswith("/") and not one.startswith("__MACOSX/")]
    if len(members) != 1:
        raise UnreadableTable(
            f"holds {len(members)} files: {', '.join(members[:5])}", where=str(path), way_out="keep one file in it"
        )
    return members[0]


def unzst(path: Path) -> bytes:
    """By polars, which has the one unpacker that we need no library more for; line ends become newlines."""
    try:
        found = pl.scan_lines(path).collect().to_series()
    except pl.exceptions.PolarsError as error:
        raise UnreadableTable(f"cannot be unpacked: {error}"[:300], where=str(path)) from None
    return "\n".join(found.to_list()).encode()


def _utf8(body: Body, path: Path, encoding: str) -> Body:
    if encoding not in UTF8:
        return _decoded(body, path, encoding)
    if encoding == "utf8-lossy":
        return body[:].decode("utf-8", errors="replace").removeprefix("\ufeff").encode()
    if body[:3] == codecs.BOM_UTF8:
        return body[3:]
    if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise UnreadableTable("is UTF-16", where=str(path), way_out="write `encoding: utf-16`")
    return _lines(body)


def _lines(body: Body) -> Body:
    """Files of old spreadsheets end their lines in a lone carriage return."""
    return body if body.find(b"\n") >= 0 or body.find(b"\r") < 0 else body[:].replace(b"\r", b"\n")


def _decoded(body: Body, path: Path, encoding: str) -> bytes:
    try:
        return bytes(_lines(body[:].decode(encoding).removeprefix("\ufeff").encode())[:])
    except LookupError:
        way_out = "write a codec that Python knows: utf8, latin-1, cp1252, utf-16 …"
        raise UnreadableTable(f"there is no encoding {encoding!r}", where=str(path), way_out=way_out) from None
    except UnicodeError as error:
        line = body[: getattr(error, "start", 0)].count(b"\n") + 1
        raise UnreadableTable(f"is not {encoding}: {error}", where=f"{path}, line {line}") from None
