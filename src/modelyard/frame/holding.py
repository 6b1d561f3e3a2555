"""Whether a file of data may hold one of some ids: as words of its text, of what it is packed of, or as values.

For forgetting: it may say yes of a file that holds the same word elsewhere, and errs to that side.
"""

from __future__ import annotations

import gzip
import mmap
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import polars as pl

from modelyard.frame.unpacked import ZST, unpacked

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252")
CHUNK = 4 * 2**20


def holds(file: Path, ids: Sequence[str]) -> bool:
    """As a word: `c1` is not in `c12`. True where the file cannot be looked into."""
    with open(file, "rb") as opened:
        start = opened.read(8)
    try:
        if start[:4] == b"PAR1":
            return _in_columns(pl.scan_parquet(file, glob=False), ids)
        if start[:6] == b"ARROW1":
            return _in_columns(pl.scan_ipc(file, glob=False), ids)
        return _in_text(file, start, words(ids))
    except (pl.exceptions.PolarsError, OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError):
        return True


def words(ids: Iterable[str]) -> re.Pattern[bytes]:
    """What finds one of them in bytes, also as JSON and XML write it.

    >>> bool(words(["c1"]).search(b"a,c1,b")), bool(words(["c1"]).search(b"a,c12,b"))
    (True, False)
    """
    found = {form.encode(encoding, "ignore") for id_ in ids for form in _forms(id_) for encoding in ENCODINGS}
    told = b"|".join(re.escape(one) for one in sorted(found - {b""}, reverse=True))
    return re.compile(rb"(?<![A-Za-z0-9_])(?:" + told + rb")(?![A-Za-z0-9_])")


def _forms(id_: str) -> set[str]:
    quoted = msgspec.json.encode(id_).decode()[1:-1]
    escaped = "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in quoted)
    xml = id_.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {id_, quoted, escaped, id_.replace('"', '""'), xml, xml.replace('"', "&quot;")}


def _in_text(file: Path, start: bytes, pattern: re.Pattern[bytes]) -> bool:
    if start[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(file) as packed:
            return any(_in_pieces(packed.open(member), pattern) for member in packed.namelist())
    if start[:2] == b"\x1f\x8b":
        with gzip.open(file) as plain_text:
            return _in_pieces(plain_text, pattern)
    with unpacked(file, ".zst" if start[:4] == ZST else "") as plain:
        if not plain.stat().st_size:
            return False
        with open(plain, "rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return pattern.search(mapped) is not None


def _in_pieces(opened: Iterable[bytes], pattern: re.Pattern[bytes]) -> bool:
    """Line by line, some of them at a time."""
    waiting, size = list[bytes](), 0
    for line in opened:
        waiting.append(line)
        size += len(line)
        if size > CHUNK:
            if pattern.search(b"".join(waiting)):
                return True
            waiting, size = [], 0
    return pattern.search(b"".join(waiting)) is not None


def _in_columns(frame: pl.LazyFrame, ids: Sequence[str]) -> bool:
    """Among the values of a column of words or whole numbers; columns that hold tables of their own, as text."""
    wanted = list(ids)
    for name, dtype in frame.collect_schema().items():
        if dtype.is_nested() or dtype == pl.Binary:
            return True
        found = pl.col(name).cast(pl.String).is_in(wanted).any()
        telling = dtype.is_integer() or dtype in (pl.String, pl.Categorical, pl.Enum)
        if telling and frame.select(found).collect().item():
            return True
    return False
