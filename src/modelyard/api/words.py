"""Values and numbers of a profile as a person reads them, the same in the terminal and on the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from modelyard.schema.column import Kind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIDE = 24
"""Letters of a value that are shown."""


def value(found: Any, kind: Kind | None = None, wide: int = WIDE) -> str:
    """
    >>> value(2.5), value(None), value(0.0, "datetime"), value(1.0, "boolean"), value("a" * 30)
    ('2.5', '-', '1970-01-01 00:00:00', 'true', 'aaaaaaaaaaaaaaaaaaaaaaa…')
    """
    if kind == "datetime" and isinstance(found, float):
        return moment(found)
    if kind == "boolean" and isinstance(found, float):
        return "true" if found else "false"
    text = "-" if found is None else number(found) if isinstance(found, float) else str(found)
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= wide else text[: wide - 1] + "…"


def number(found: float) -> str:
    """
    >>> number(20130131.0), number(0.123456789), number(-1e20)
    ('20130131', '0.123457', '-1e+20')
    """
    return f"{found:.0f}" if found % 1 == 0 and abs(found) < 1e12 else f"{found:.6g}"


def moment(microseconds: float) -> str:
    """UTC, to the second; the day alone is not shortened, so that columns stay aligned."""
    try:
        return f"{EPOCH + timedelta(microseconds=microseconds):%Y-%m-%d %H:%M:%S}"
    except OverflowError:
        return f"{microseconds:.6g} µs"
