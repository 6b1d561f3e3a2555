"""What every command prints alike: a JSON document, or lines of aligned columns."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any


def document(value: Any) -> None:
    """One JSON document on standard output."""
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def columns(rows: Sequence[Sequence[str]]) -> None:
    """Rows of text, each column as wide as its widest cell but the last."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)] if rows else []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        sys.stdout.write("  ".join([*cells, row[-1]]).rstrip() + "\n")
