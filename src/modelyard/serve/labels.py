"""Labels in: the truth about rows answered before, by id. Accepted and logged; joined when segments are shipped."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from modelyard.errors.serving import BadLabels
from modelyard.rows.json import Record, parse
from modelyard.schema.column import Kind
from modelyard.schema.target import LabelRule

_PLAIN = (str, int, float, bool, type(None))
_TYPES: dict[Kind, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "category": (str,),
    "text": (str,),
    "datetime": (str,),
}


def label_lines(
    body: bytes, rule: LabelRule | None, received: int, kinds: Mapping[str, Kind] | None = None
) -> list[bytes]:
    """One log line per label of `{"labels": [{"id": …, COLUMN: value}, …]}`. Raises BadLabels and the errors of parse.

    >>> label_lines(b'{"id": "a", "late": true}', None, 5)
    [b'{"kind":"label","id":"a","received":5,"values":{"late":true}}']
    """
    return [_line(record, row, rule, received, kinds or {}) for row, record in enumerate(parse(body, "labels"))]


def _line(record: Record, row: int, rule: LabelRule | None, received: int, kinds: Mapping[str, Kind]) -> bytes:
    key = record.pop("id", None)
    if type(key) is int:
        key = str(key)
    if type(key) is not str or not 0 < len(key) <= 200:
        raise BadLabels("a label needs the `id` of its prediction", where=f"row {row}, id")
    missing = [name for name in rule.parents if name not in record] if rule else []
    if missing or not record:
        raise BadLabels(f"label {key!r} has no {', '.join(missing) or 'value'}", where=f"row {row}")
    for name, value in record.items():
        if not _fits(value, kinds.get(name)):
            wanted = kinds.get(name, "plain value")
            raise BadLabels(f"{name!r} of label {key!r} is no {wanted}", where=f"row {row}, {name}")
    return msgspec.json.encode({"kind": "label", "id": key, "received": received, "values": record})


def _fits(value: object, kind: Kind | None) -> bool:
    """Null always fits: a truth that is known to be unknown."""
    if value is None or kind is None:
        return isinstance(value, _PLAIN)
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return type(value) in _TYPES[kind]
