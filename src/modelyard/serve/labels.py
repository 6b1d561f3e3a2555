"""Labels in: the truth about rows answered before, by id. Accepted and logged; joined when segments are shipped."""

from __future__ import annotations

import msgspec

from modelyard.errors.serving import BadLabels
from modelyard.rows.json import Record, parse
from modelyard.schema.target import LabelRule

_PLAIN = (str, int, float, bool, type(None))


def label_lines(body: bytes, rule: LabelRule | None, received: int) -> list[bytes]:
    """One log line per label of `{"labels": [{"id": …, COLUMN: value}, …]}`. Raises BadLabels and the errors of parse.

    >>> label_lines(b'{"id": "a", "late": true}', None, 5)
    [b'{"kind":"label","id":"a","received":5,"values":{"late":true}}']
    """
    return [_line(record, row, rule, received) for row, record in enumerate(parse(body, "labels"))]


def _line(record: Record, row: int, rule: LabelRule | None, received: int) -> bytes:
    key = record.pop("id", None)
    if type(key) is int:
        key = str(key)
    if type(key) is not str or not 0 < len(key) <= 200:
        raise BadLabels("a label needs the `id` of its prediction", where=f"row {row}, id")
    missing = [name for name in rule.parents if name not in record] if rule else []
    if missing or not record:
        raise BadLabels(f"label {key!r} has no {', '.join(missing) or 'value'}", where=f"row {row}")
    odd = [name for name, value in record.items() if not isinstance(value, _PLAIN)]
    if odd:
        raise BadLabels(f"{odd[0]!r} of label {key!r} is no plain value", where=f"row {row}, {odd[0]}")
    return msgspec.json.encode({"kind": "label", "id": key, "received": received, "values": record})
