"""The objects of a JSON file, one dict of plain values per row: nested keys become `a.b`, lists their JSON text.

Every JSON parser for Python keeps one of two equal keys and says nothing: here the colons of an object are counted
against its keys (rows/scan.py), and such a row does not parse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from modelyard.frame.values import Value
from modelyard.rows.scan import scan

Layout = Literal["auto", "records", "lines"]
DEEPEST = 32
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_EXPECTED = re.compile(r"Expected `(\w+)`, got `(\w+)`(?: - at .*)?")
RAWS = msgspec.json.Decoder(list[msgspec.Raw])
OBJECT = msgspec.json.Decoder(dict[str, Any])


class Item(Struct, frozen=True):
    """One object as it stands: its line (from 1) and its text."""

    line: int
    text: bytes


class NotJson(Exception):
    """The text is no JSON, or no table of objects. Caught by the reader of the file, who knows its name."""

    def __init__(self, found: str, line: int) -> None:
        self.found, self.line = found, line
        super().__init__(found)


def items(body: bytes, layout: Layout, records: str = "") -> Iterator[Item]:
    """The objects in order. `records`: the keys, joined by dots, under which the array of them lies. Raises NotJson.

    >>> [item.line for item in items(b'[{"a": 1},\\n\\n{"a": 2}]', "auto")]
    [1, 3]
    """
    if layout == "lines" or (layout == "auto" and not records and body.lstrip()[:1] != b"["):
        return (Item(at, line) for at, line in enumerate(body.split(b"\n"), 1) if line.strip())
    return _elements(body, records)


def _elements(body: bytes, records: str) -> Iterator[Item]:
    array = _under(body, records)
    start = body.find(array)
    try:
        raws = RAWS.decode(array)
    except UNREADABLE as error:
        raise NotJson(f"no array of objects: {_said(error)}", _line(body, start, error)) from None
    at, line = start, body.count(b"\n", 0, start) + 1
    for raw in raws:
        text = bytes(raw)
        place = body.find(text, at)
        line += body.count(b"\n", at, place)
        yield Item(line, text)
        at, line = place + len(text), line + text.count(b"\n")


def _under(body: bytes, records: str) -> bytes:
    text = body
    for key in records.split(".") if records else ():
        try:
            members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        except UNREADABLE as error:
            raise NotJson(
                f"no object that holds {key!r}: {_said(error)}", _line(body, body.find(text), error)
            ) from None
        if key not in members:
            raise NotJson(f"no key {key!r}; there is: {', '.join(list(members)[:20]) or 'nothing'}", 1)
        text = bytes(members[key])
    return text


def _said(error: Exception) -> str:
    """The parser's words, in those of JSON: its own are of Python and of its stack.

    >>> _said(RecursionError("maximum recursion depth exceeded")), _said(ValueError("Expected `object`, got `str`"))
    ('nests deeper than 32', 'a string stands there, not an object')
    """
    if isinstance(error, RecursionError):
        return f"nests deeper than {DEEPEST}"
    expected = _EXPECTED.fullmatch(str(error))
    if expected is None:
        return str(error)
    got = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}.get(expected[2], expected[2])
    stands = "null" if got == "null" else f"an {got}" if got[0] in "ao" else f"a {got}"
    return f"{stands} stands there, not an {expected[1]}"


def _line(body: bytes, start: int, error: Exception) -> int:
    """msgspec says `(byte 17)`, or that the text ends too early; a person counts lines."""
    digits = str(error).rpartition("(byte ")[2].removesuffix(")")
    if str(error).endswith("truncated"):
        return body.rstrip().count(b"\n") + 1
    return body.count(b"\n", 0, start + (int(digits) if digits.isdigit() else 0)) + 1


def flat(text: bytes) -> dict[str, Value] | str:
    """The object with its nested keys joined by dots, or why it is none.

    >>> flat(b'{"a": {"b": 1, "c": [1, {"d": 2}]}, "e": null}')
    {'a.b': 1, 'a.c': '[1,{"d":2}]', 'e': None}
    >>> flat(b'{"a": 1, "a": 2}'), flat(b'{"a.b": 1, "a": {"b": 2}}')
    ('a key stands twice', "two values for 'a.b'")
    """
    colons, depth, _ = scan(text)
    if depth > DEEPEST:
        return f"nests deeper than {DEEPEST}"
    try:
        value = OBJECT.decode(text)
    except UNREADABLE as error:
        return f"no JSON object: {_said(error)}"
    if _keys(value) != colons:
        return "a key stands twice"
    return _joined(value)


def _keys(value: Value) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_keys, value.values()))
    return sum(map(_keys, value)) if isinstance(value, list) else 0


def _joined(value: dict[str, Value]) -> dict[str, Value] | str:
    row: dict[str, Value] = {}
    for name, one in _leaves(value, ""):
        if name in row:
            return f"two values for {name!r}"
        row[name] = one
    return row


def _leaves(value: dict[str, Value], above: str) -> Iterator[tuple[str, Value]]:
    for key, one in value.items():
        if isinstance(one, dict):
            yield from _leaves(one, f"{above}{key}.")
        else:
            yield above + key, msgspec.json.encode(one).decode() if isinstance(one, list) else one
