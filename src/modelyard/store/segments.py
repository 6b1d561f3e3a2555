"""Segments of the prediction log: files of lines `crc32 SPACE json`, read, checked, recovered.

Why lines: a torn or flipped line costs itself and nothing else, and a person can read the file. Each process appends to
a file of its own (`<when>-<pid>-<count>.log`), so whoever recovers can see whether the writer still lives; it appends
through store/segment_file.py.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from modelyard.package.synced import replace

SUFFIX = ".log"


def line(record: bytes) -> bytes:
    """
    >>> line(b'{"kind":"label"}')
    b'c1333e3d {"kind":"label"}\\n'
    """
    return b"%08x %s\n" % (zlib.crc32(record), record)


def write_segment(folder: Path, name: str, records: Iterable[bytes]) -> Path:
    """A whole segment at once, for what predicts in batches: there after this call, or not at all. The same name (the
    key of the batch) again replaces it by the same, so a batch that is repeated is logged once."""
    path = folder / f"{name}{SUFFIX}"
    replace(path, b"".join(map(line, records)))
    return path


class Line(Struct, frozen=True):
    record: bytes | None
    """None: the line is damaged."""
    start: int
    end: int
    """Offset after its newline: where the next reading starts."""


def read_segment(path: Path, offset: int = 0) -> Iterator[Line]:
    """The complete lines from `offset` on. An unfinished last line is left for the next time."""
    with open(path, "rb") as file:
        file.seek(offset)
        for raw in file:
            if not raw.endswith(b"\n"):
                return
            yield Line(record=checked(raw), start=offset, end=offset + len(raw))
            offset += len(raw)


def checked(raw: bytes) -> bytes | None:
    """The record of a line, None when its checksum does not fit."""
    body = raw[9:-1]
    good = raw[8:9] == b" " and raw[:8] == b"%08x" % zlib.crc32(body)
    return body if good else None


class Recovery(Struct, frozen=True):
    segments: int = 0
    """Segments that nobody writes to any more, which were looked through."""
    torn: int = 0
    """Of these, how many had an unfinished end, which was cut."""
    bytes_cut: int = 0
    damaged: tuple[tuple[str, int], ...] = ()
    """(segment, offset) of lines inside whose checksum is wrong; the rows around them stay readable."""


def segments(folder: Path) -> list[Path]:
    """All segments, oldest first."""
    return sorted(folder.glob("*" + SUFFIX))


def recover(folder: Path) -> Recovery:
    """Cut the torn tails of segments that nobody writes to any more. Live ones are left alone."""
    torn, cut, damaged = 0, 0, []
    dead = [path for path in segments(folder) if finished(path)]
    for path in dead:
        end, bad = _whole(path)
        damaged += [(path.name, start) for start in bad]
        if (left := path.stat().st_size - end) > 0:
            torn, cut = torn + 1, cut + left
            _truncate(path, end)
    return Recovery(len(dead), torn, cut, tuple(damaged))


def finished(path: Path) -> bool:
    """Whether nobody will append to it: its writer is gone, or has gone on to a later file."""
    stem = path.name.rsplit("-", 1)[0]
    return not lives(path) or any(other.name > path.name for other in path.parent.glob(f"{stem}-*{SUFFIX}"))


def lives(path: Path) -> bool:
    """Whether the process that writes this segment runs. Its number may have gone to another process: then the segment
    waits, whole lines of it are read all the same."""
    parts = path.name.removesuffix(SUFFIX).split("-")
    if len(parts) != 3 or not parts[1].isdigit() or int(parts[1]) == os.getpid():
        return len(parts) == 3
    try:
        os.kill(int(parts[1]), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _whole(path: Path) -> tuple[int, list[int]]:
    """Where the last good line ends, and where damaged lines before it start."""
    end, bad = 0, []
    for one in read_segment(path):
        if one.record is None:
            bad.append(one.start)
        else:
            end = one.end
    return end, [start for start in bad if start < end]


def _truncate(path: Path, end: int) -> None:
    with open(path, "r+b") as file:
        file.truncate(end)
        os.fsync(file.fileno())
