"""Values as YAML text that reads back as the same values."""

from __future__ import annotations

import re
from typing import Any

from modelyard.project.read import resolve

_PLAIN = re.compile(r"[A-Za-z_][\w./=-]*", re.ASCII)


def flow(value: Any, quote: str | None = None) -> str:
    """One line of YAML. `quote`: the quotes a text had before, kept where they can hold it.

    >>> flow({"use": "clean.impute", "columns": ["a", "*_b", "no", "1"], "flag": True, "low": 1e-05})
    '{use: clean.impute, columns: [a, "*_b", no, "1"], flag: true, low: 1e-05}'
    >>> flow("it's", "'"), flow(None), flow("true")
    ("'it''s'", 'null', '"true"')
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    if isinstance(value, str):
        return _text(value, quote)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f"{value}".replace("inf", ".inf").replace("nan", ".nan")
    return repr(value)


def _text(text: str, quote: str | None) -> str:
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if quote != '"' and _PLAIN.fullmatch(text) and resolve(text) == text:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
