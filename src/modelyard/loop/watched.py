"""One package under watch, and how far each monitor has come with it.

A monitor's progress is one JSON document in the metadata, written in the transaction of what it found: killed at any
moment, it goes on with the window that it had not finished.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, select

from modelyard.loop.counting import Hour, read_hour
from modelyard.loop.verdict import Kind, Verdict, commands
from modelyard.package.model import Model
from modelyard.store import shipping as books
from modelyard.store.metadata import Metadata, set_setting, setting
from modelyard.store.place import Store
from modelyard.store.records import record
from modelyard.store.tables import hours, versions
from modelyard.store.versions import Version, listed

T = TypeVar("T")
WINDOW = "watched"
"""The kind of the records that say what each window held, alarm or not."""
FEED = "feed"
"""In place of a package's digest: how far a monitor has come that judges requests whichever version answered them."""


class Watched(Struct, frozen=True, kw_only=True, eq=False):
    store: Store
    metadata: Metadata
    model: Model
    version: Version

    @property
    def name(self) -> str:
        return self.version.model

    @property
    def digest(self) -> str:
        return self.version.digest

    def progress(self, sql: Connection, monitor: str, kind: type[T]) -> T | None:
        return read_progress(sql, self.name, self.digest, monitor, kind)

    def keep(self, sql: Connection, monitor: str, progress: Struct) -> None:
        keep_progress(sql, self.name, self.digest, monitor, progress)

    def note(self, sql: Connection, monitor: str, what: str, start: int, end: int, found: dict[str, Any]) -> None:
        """What a window held; written once."""
        document = {"monitor": monitor, "what": what, "package": self.digest, "version": self.version.version,
                    "start": start, "end": end, **found}  # fmt: skip
        record(sql, WINDOW, self.name, end, document, key=f"{monitor}:{self.digest[:16]}:{what}:{start}")

    def verdict(self, kind: Kind, monitor: str, source: str, summary: str, evidence: dict[str, Any], *, since: int,
                start: int, end: int, approximate: bool = False) -> Verdict:  # fmt: skip
        look, act = commands(kind, self.name)
        return Verdict(
            kind=kind,
            monitor=monitor,
            source=source,
            model=self.name,
            version=self.version.version,
            package=self.digest,
            since=since,
            start=start,
            end=end,
            summary=summary,
            evidence=evidence,
            approximate=approximate,
            look=look,
            act=act,
        )

    def hours(self, sql: Connection, start: int | None = None, end: int | None = None) -> dict[int, Hour]:
        """The hours of this package in [start, end)."""
        found = books.hour_counts(sql, self.digest, start, end)
        return {hour: read_hour(counts) for hour, counts in found.items()}

    def others(self, sql: Connection, start: int, end: int) -> int:
        """Rows that other versions of the model answered in [start, end)."""
        digests = {version.digest for version in listed(sql, self.name)} - {self.digest}
        return sum(
            read_hour(counts).rows
            for digest in digests
            for counts in books.hour_counts(sql, digest, start, end).values()
        )


def read_progress(sql: Connection, model: str, digest: str, monitor: str, kind: type[T]) -> T | None:
    text = setting(sql, _place(model, digest, monitor))
    return None if text is None else msgspec.json.decode(text, type=kind)


def keep_progress(sql: Connection, model: str, digest: str, monitor: str, progress: Struct) -> None:
    set_setting(sql, _place(model, digest, monitor), msgspec.json.encode(progress).decode())


def first_hour(sql: Connection, model: str) -> int | None:
    """The first hour that any version of the model has counts of."""
    digests = select(versions.c.digest).where(versions.c.model == model)
    found: int | None = sql.execute(select(func.min(hours.c.hour)).where(hours.c.digest.in_(digests))).scalar_one()
    return found


def _place(model: str, digest: str, monitor: str) -> str:
    return f"watch:{model}:{digest[:16]}:{monitor}"
