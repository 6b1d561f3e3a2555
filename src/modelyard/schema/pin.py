"""What a model was made of, so that it can be found again: of each source how far it was read, and the rows' digest."""

from __future__ import annotations

from msgspec import Struct

from modelyard.schema.column import Kind

Mark = int | float | str
"""A value of a cursor column: a datetime as whole microseconds since 1970 UTC, a whole number as such, a number as a
float, words as they are (they are ordered by code point)."""


class Pin(Struct, frozen=True, kw_only=True):
    """One source. `digest`: of its files' bytes or, where it has a cursor, of the rows read; empty for a database that
    was read without a cursor: there the digest of the whole input tells. `rows`: None where they were not counted."""

    kind: str
    columns: dict[str, Kind] = {}
    """Name -> kind, as it was seen."""
    rows: int | None = None
    digest: str = ""
    cursor: str = ""
    """The column that says how far it was read: up to and with `upto`."""
    upto: Mark | None = None
    version: str = ""
    """Digest of the blob that lists the rows kept: the same rows again, whatever became of the source."""
    asked: str = ""
    """Digest of how the read step reads (not of where, and which rows); empty in packages made before that was kept."""


class Window(Struct, frozen=True, kw_only=True):
    """Rows of the log that were learned from: events in [since, until), microseconds; None: from the first."""

    since: int | None = None
    until: int | None = None
    rows: int = 0
    digest: str = ""


class Input(Struct, frozen=True, kw_only=True):
    """The rows that learning began with, after all table steps: their digest, number and columns (name -> kind)."""

    digest: str
    rows: int
    columns: dict[str, Kind] = {}
    sources: dict[str, Pin] = {}
    """By the id of the read step."""
    log: Window | None = None
