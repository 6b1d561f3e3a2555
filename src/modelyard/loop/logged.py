"""What the prediction log holds: a prediction or a label per line, read from JSON."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec import Raw, Struct


class Prediction(Struct, frozen=True, kw_only=True, tag_field="kind", tag="prediction"):
    """Times in microseconds; `row`, `prediction`, `warnings` stay the JSON that was logged."""

    id: str
    digest: str
    """Of the row as it came, columns that are not kept included."""
    event: int
    received: int
    package: str
    revision: int
    row: Raw
    scores: tuple[float, ...]
    prediction: Raw
    warnings: Raw = Raw(b"[]")
    flagged: bool = False


class Label(Struct, frozen=True, kw_only=True, tag_field="kind", tag="label"):
    id: str
    received: int
    values: dict[str, Any]

    @property
    def text(self) -> str:
        """The values as JSON, keys sorted."""
        return msgspec.json.encode(self.values, order="sorted").decode()

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class Forgotten(Struct, frozen=True, tag_field="kind", tag="forgotten"):
    """What stands where a record was that somebody asked to forget."""


Logged = Prediction | Label | Forgotten

_decode = msgspec.json.Decoder(Logged).decode


def read(record: bytes) -> Logged | None:
    """None: no record of this kind (written by a newer version, or by hand)."""
    try:
        found: Logged = _decode(record)
    except ValueError:
        return None
    return found
