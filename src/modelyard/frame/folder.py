"""The files of a folder that are of one format, also those in folders below it; the others are named, so that none is
left out silently.

What other programs put beside their data (`_SUCCESS`, `.part-0.crc`, an editor's copy) begins with a dot or an
underscore, and is neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from modelyard.errors.data import UnreadableTable

SHOWN = 5


class Within(Struct, frozen=True):
    """`files`: in the order of their names."""

    files: list[Path]
    others: list[Path]


def within(folder: Path, ends: Sequence[str]) -> Within:
    """`ends`: of the names that are read, in small letters; none: all."""
    files: list[Path] = []
    others: list[Path] = []
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
        if not hidden and file.is_file():
            (files if not ends or file.name.lower().endswith(tuple(ends)) else others).append(file)
    return Within(files, others)


def in_folder(folder: Path, ends: Sequence[str]) -> list[Path]:
    """Raises UnreadableTable where there is none."""
    found = within(folder, ends)
    if not found.files:
        there = ", ".join(file.name for file in found.others[:SHOWN])
        way_out = f"Put files that end in {', '.join(ends) or '…'} there, or name a file or a glob by `path:`"
        holds = f"it holds {there}" if there else "it is empty"
        raise UnreadableTable(f"is a folder without a file to read: {holds}", where=str(folder), way_out=way_out)
    return found.files


def left_out(folder: Path, ends: Sequence[str]) -> Iterator[str]:
    """What reading the folder leaves out, in words."""
    found = within(folder, ends)
    if found.others:
        shown = ", ".join(file.relative_to(folder).as_posix() for file in found.others[:SHOWN])
        more = f" and {len(found.others) - SHOWN} more" if len(found.others) > SHOWN else ""
        yield f"files of another format in {folder.name}/ are not read: {shown}{more}"
    named = next((p for file in found.files for p in file.relative_to(folder).parts[:-1] if "=" in p), None)
    if named is not None:
        yield f"{folder.name}/ has folders called like {named!r}: their names are no columns, the files' own are"
