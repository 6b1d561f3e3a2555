"""What a read step must be told of a file before it can be read: delimiter, decimal mark, columns that are no data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelyard.errors.data import UnreadableTable
from modelyard.frame.suffixes import ARROW, PACKED, PARQUET, TEXT

if TYPE_CHECKING:
    from polars import DataType

Reading = dict[str, Any]
"""Parameters of the read step."""

DELIMITERS = (",", ";", "\t", "|")
LINES = 100
BYTES = 1_000_000
PACKED_TEXT = tuple(f"{end}{pack}" for end in TEXT for pack in PACKED)
_QUOTED = re.compile(r'"[^"]*"')
_COMMA = re.compile(r"[+-]?\d+,\d+")


def sniffed(table: str | Path) -> Reading:
    """Nothing where the defaults fit, or where the file cannot be read: reading it says why."""
    path = Path(table)
    if path.suffix.lower() in TEXT or path.name.lower().endswith(PACKED_TEXT):
        try:
            return csv(_first(path))
        except (OSError, UnreadableTable):
            return {}
    return _known(path)


def csv(lines: list[str]) -> Reading:
    """
    >>> csv(["a;b", "1,5;2"]), csv(["a,b"]), csv(['"a;b",c'])
    ({'delimiter': ';', 'decimal': ','}, {}, {})
    """
    plain = [_QUOTED.sub("", line) for line in lines]
    if not plain:
        return {}
    delimiter = max(DELIMITERS, key=plain[0].count)
    if delimiter == "," or not plain[0].count(delimiter):
        return {}
    values = [value.strip() for line in plain[1:] for value in line.split(delimiter)]
    decimal: Reading = {"decimal": ","} if any(map(_COMMA.fullmatch, values)) else {}
    return {"delimiter": delimiter, **decimal}


def _first(path: Path) -> list[str]:
    """Lines of the file as it is, or unpacked."""
    if path.name.lower().endswith(PACKED_TEXT):
        from modelyard.frame.unpacked import beginning

        return beginning(path, path.suffix.lower(), BYTES).decode(errors="replace").splitlines()[:LINES]
    with open(path, encoding="utf-8", errors="replace") as file:
        return [line.rstrip("\r\n") for _, line in zip(range(LINES), file, strict=False)]


def unknown(table: str | Path) -> dict[str, str]:
    """Of a file that says its types itself: the columns that no step knows (lists, structs), and what they hold."""
    from modelyard.errors.data import WrongType
    from modelyard.frame.schema import kind_of

    found: dict[str, str] = {}
    for name, dtype in _types(Path(table)).items():
        try:
            kind_of(dtype, name)
        except WrongType:
            found[name] = str(dtype)
    return found


def _known(path: Path) -> Reading:
    """The columns that a step knows, where there are others."""
    unread = unknown(path)
    return {"columns": [name for name in _types(path) if name not in unread]} if unread else {}


def _types(path: Path) -> Mapping[str, DataType]:
    """Nothing where the file cannot be read: reading it says why."""
    import polars as pl

    from modelyard.frame.ipc import arrow

    try:
        if path.suffix.lower() in PARQUET:
            return pl.read_parquet_schema(path)
        return arrow(path, path).collect_schema() if path.suffix.lower() in ARROW else {}
    except (pl.exceptions.PolarsError, OSError, UnreadableTable):
        return {}
