"""JSON in: the bytes of a body become records, or an error that names the byte.

Nothing here knows a model. What msgspec lets pass silently (duplicate keys) or words poorly (a lone surrogate is
"truncated") is caught here; limits are checked before anything is built from the body.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from modelyard.errors.serving import BadBody, BadRows, DuplicateKey, NotRecords, Problem, TooDeep, TooLarge
from modelyard.rows.scan import scan

Record = dict[str, Any]

MAX_BODY = 8_000_000
MAX_ROWS = 10_000
MAX_STRING = 16 * 1024
MAX_DEPTH = 32

_BYTE = re.compile(r"\(byte (\d+)\)")
_LONE = re.compile(rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[c-fC-F][0-9a-fA-F]{2})")
_decode = msgspec.json.Decoder().decode


def parse(body: bytes, envelope: str = "rows") -> list[Record]:
    """The records of `[{…}, …]`, of `{"rows": [{…}, …]}`, or of one `{…}`.

    Raises BadBody, DuplicateKey, TooDeep, NotRecords (400), TooLarge (413), BadRows (422, for numbers that JSON can
    write and float64 cannot hold).

    >>> parse(b'{"rows": [{"age": 30}, {"age": 31.5}]}')
    [{'age': 30}, {'age': 31.5}]
    """
    if len(body) > MAX_BODY:
        raise TooLarge(f"the body has {len(body):,} bytes, over {MAX_BODY:,}")
    colons, depth, longest = scan(body)
    if depth > MAX_DEPTH:
        raise TooDeep(f"the body nests {depth:,} levels deep, over {MAX_DEPTH}")
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _explain(body, envelope, error) from None
    if longest > MAX_STRING:
        raise TooLarge(f"a string of the body has {longest:,} bytes, over {MAX_STRING:,}")
    records = _records(value, envelope)
    if colons != _written(value, records, depth):
        raise _duplicate(body)
    return records


def _records(value: object, envelope: str) -> list[Record]:
    if type(value) is dict:
        inner = value.get(envelope)
        if type(inner) is not list or len(value) != 1:
            return [value]
        value = inner
    if type(value) is not list:
        raise NotRecords(f"the body is a JSON {_json_name(value)}, not records")
    if len(value) > MAX_ROWS:
        raise TooLarge(f"the request has {len(value):,} rows, over {MAX_ROWS:,}")
    for row, record in enumerate(value):
        if type(record) is not dict:
            raise NotRecords(f"row {row} is a JSON {_json_name(record)}, not an object", where=f"row {row}")
    return value


def _written(value: object, records: list[Record], depth: int) -> int:
    """Key-value pairs of the parsed body; of flat records in an envelope, the usual body, without looking inside."""
    if depth == 3 and type(value) is dict and value is not records[0]:
        return 1 + sum(map(len, records))
    return _entries(value, depth)


def _entries(value: object, depth: int) -> int:
    """How many key-value pairs the parsed body holds."""
    if type(value) is dict:
        here = len(value)
        return here if depth == 1 else here + sum(_entries(inner, depth - 1) for inner in value.values())
    if type(value) is list:
        return sum(_entries(inner, depth - 1) for inner in value)
    return 0


def _duplicate(body: bytes) -> DuplicateKey:
    found: list[str] = []

    def pairs(items: list[tuple[str, object]]) -> Record:
        seen: Record = {}
        for key, value in items:
            if key in seen:
                found.append(key)
            seen[key] = value
        return seen

    json.loads(body, object_pairs_hook=pairs)
    key = found[0] if found else "?"
    spelt = json.dumps(key).encode()
    offset = body.find(spelt, body.find(spelt) + 1)
    return DuplicateKey(f"the key {key!r} comes twice in one object", where=f"byte {offset}" if offset >= 0 else "")


def _explain(body: bytes, envelope: str, error: Exception) -> BadBody | BadRows:
    """Which of a parser's refusals this was, and at which byte. A body that only has NaN, Infinity or numbers too
    large for float64 is answered by row and column."""
    if body.startswith(b"\xef\xbb\xbf"):
        return BadBody("the body starts with a byte order mark", where="byte 0")
    try:
        body.decode()
    except UnicodeDecodeError as bad:
        return BadBody(f"the body is not UTF-8: {bad.reason}", where=f"byte {bad.start}")
    numbers = _unholdable(body, envelope)
    if numbers:
        return BadRows(numbers[0]["found"], problems=numbers, where=f"row {numbers[0]['row']}, {numbers[0]['column']}")
    lone = _LONE.search(body)
    if lone and "truncated" in str(error):
        return BadBody("a lone surrogate is no character", where=f"byte {lone.start()}")
    place = _BYTE.search(str(error))
    reason = _BYTE.sub("", str(error)).replace("JSON is malformed:", "").strip()
    at = int(place[1]) - ("trailing characters" in reason) if place else len(body)  # it counts that one from 1
    return BadBody(f"the body is no JSON: {reason}", where=f"byte {at}")


def _unholdable(body: bytes, envelope: str) -> list[Problem]:
    """Values written as NaN, Infinity, 1e999 or in thousands of digits, by row and column; nothing if the body is
    malformed otherwise. Only ever used to word an error."""
    try:
        value = json.loads(body, parse_int=lambda digits: int(digits) if len(digits) < 400 else math.inf)
        records = _records(value, envelope)
    except (ValueError, RecursionError, NotRecords, TooLarge):
        return []
    return [
        Problem(row=row, column=name, problem="not_finite", found=f"{name!r} is not a finite number that float64 holds")
        for row, record in enumerate(records)
        for name, item in record.items()
        if isinstance(item, float) and not math.isfinite(item)
    ][:20]


def _json_name(value: object) -> str:
    names = {dict: "object", list: "list", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")
