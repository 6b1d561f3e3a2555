"""Log lines as the server writes them."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from modelyard.store.segments import write_segment

PACKAGE = "ab" * 32
HOUR = 3_600_000_000


def prediction(name: str, value: float = 1.0, event: int = HOUR, **more: Any) -> bytes:
    row = {"x": value}
    digest = hashlib.sha256(msgspec.json.encode(row)).hexdigest()[:32]
    record = {"kind": "prediction", "id": name, "digest": digest, "event": event, "received": event + 5,
              "package": PACKAGE, "revision": 1, "row": row, "scores": [0.25, 0.75], "prediction": True,
              "warnings": [], "flagged": False}  # fmt: skip
    return msgspec.json.encode({**record, **more})


def label(name: str, value: float, received: int = 9 * HOUR) -> bytes:
    return msgspec.json.encode({"kind": "label", "id": name, "received": received, "values": {"delay": value}})


def segment(folder: Path, count: int, *records: bytes) -> Path:
    """One whole segment of a writer that is gone."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_segment(folder, f"{count:020d}-999999999-000001", records)
