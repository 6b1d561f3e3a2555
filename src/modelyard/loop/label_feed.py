"""A table of labels that is read on: only what came since the last turn leaves the database.

Its rows are kept here, for a label may come before the row that it is of was shipped: then a later turn joins it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from modelyard.run.feed import described
from modelyard.run.kept import Reading
from modelyard.run.reading import Fetched
from modelyard.schema.column import Kind
from modelyard.step.incremental import Bounds

if TYPE_CHECKING:
    from modelyard.frame.sql.read import Asked


class LabelFeed:
    """`asked`: its columns and condition, the cursor among them. Raises what peeking at the table raises."""

    kind = "labels"
    cursor_key: tuple[str, ...] = ()

    def __init__(self, asked: Asked, id: str = "") -> None:
        """`id`: the column that holds ids of predictions, where labels are found by them."""
        from modelyard.frame.sql.read import peek

        self._asked, self.cursor, self.id = asked, asked.cursor, id
        self.columns: dict[str, Kind] = {column.name: column.kind for column in peek(asked)}
        told = [
            described(asked.connection),
            asked.table,
            asked.columns,
            asked.types,
            asked.where,
            self.cursor,
            asked.zone,
        ]
        self.key = hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()[:32]

    def fetch(self, bounds: Bounds, before: Reading) -> Fetched:
        from modelyard.frame.sql.read import counted, scan

        new = scan(replace(self._asked, after=bounds.after)).select(list(self.columns))
        behind = None if bounds.after is None else counted(replace(self._asked, upto=bounds.after))
        return Fetched(frame=new, behind=behind)
