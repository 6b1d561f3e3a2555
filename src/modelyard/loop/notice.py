"""What somebody must hear of: said at least once, written down once it was said.

How it is said (a webhook, the demo's table) is handed in; nobody's answer is waited for here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from modelyard.store.metadata import Metadata
from modelyard.store.records import find_record, record

Occasion = Literal["promoted", "proposed", "not_promoted", "rolled_back", "retrain_failed"]


class Notice(Struct, frozen=True, kw_only=True):
    """`at` in microseconds of event time. `look`, `act`: one command to look at it, one to act on it."""

    occasion: Occasion
    model: str
    at: int
    summary: str
    facts: dict[str, Any] = {}
    look: str = "modelyard history"
    act: str = ""


Tell = Callable[[Notice], None]


def silent(notice: Notice) -> None:
    """Tells nobody: the record is all there is."""


def say(metadata: Metadata, tell: Tell, notice: Notice, key: str) -> bool:
    """Tell it, unless it was told under this key; whether it was told now. A crash between telling and writing down
    tells it again."""
    name = f"{notice.occasion}:{key}"
    with metadata.begin() as sql:
        if find_record(sql, "notice", notice.model, name) is not None:
            return False
    tell(notice)
    document = {part: getattr(notice, part) for part in notice.__struct_fields__}
    with metadata.begin() as sql:
        return record(sql, "notice", notice.model, notice.at, document, key=name)[1]
