"""How far the replay is, in a file: whatever stops it, the same command goes on from there.

Written after every hour of event time. An hour that was cut short is sent again as a whole: ids are hashes of rows, so
the log takes each flight once and the retries are counted there.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct, field


class Serving(Struct):
    """One version as the replies name it, and the flights that it answered: how many, from when, until when."""

    version: int
    digest: str
    revision: int
    rows: int
    first: str
    last: str


class Tally(Struct):
    """What happened on one day. `sent` = `failed` + `acknowledged`: every attempt counts."""

    sent: int = 0
    failed: int = 0
    acknowledged: int = 0
    labels: int = 0
    """Truths accepted."""
    labels_failed: int = 0
    """Attempts to hand in truths that were not accepted."""
    waits: list[int] = field(default_factory=list)
    """Microseconds from request to answer, per good answer to a flight."""
    serving: dict[str, Serving] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Which versions answered, in the order in which they came: `1`, `1>2`."""
        return ">".join(str(one.version) for one in sorted(self.serving.values(), key=lambda one: one.revision))

    @property
    def p99(self) -> float | None:
        """Milliseconds.

        >>> Tally(waits=[1000] * 98 + [3000, 9000]).p99
        3.0
        """
        if not self.waits:
            return None
        ordered = sorted(self.waits)
        return ordered[-(-len(ordered) * 99 // 100) - 1] / 1000


class Entry(Struct, frozen=True, kw_only=True):
    """One day of the live table."""

    day: str
    requests: int
    failures: int
    acknowledged: int
    labels: int
    cancelled: int = 0
    p99_ms: float | None = None
    realised_roc_auc: float | None = None
    """Of `realised_day`: the newest day whose truths have all come."""
    realised_day: str = ""
    estimated_roc_auc: float | None = None
    verdict: str = ""
    version: str = ""
    notes: tuple[str, ...] = ()


class Progress(Struct):
    """`hours` of the day under way are done; `finished` days are done whole, loop and all."""

    finished: list[Entry] = field(default_factory=list)
    hours: int = 0
    tally: Tally = field(default_factory=Tally)
    serving: dict[str, Serving] = field(default_factory=dict)

    def close(self, entry: Entry) -> None:
        """The day under way is done."""
        for name, seen in self.tally.serving.items():
            merge(self.serving, name, seen)
        self.finished.append(entry)
        self.hours, self.tally = 0, Tally()


def merge(known: dict[str, Serving], name: str, more: Serving) -> None:
    before = known.get(name)
    if before is None:
        known[name] = Serving(more.version, more.digest, more.revision, more.rows, more.first, more.last)
        return
    before.rows += more.rows
    before.first, before.last = min(before.first, more.first), max(before.last, more.last)


def load(path: Path) -> Progress:
    """The beginning, where there is no file or none that can be read: sending all again does no harm."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except (OSError, ValueError):
        return Progress()


def save(path: Path, progress: Progress) -> None:
    """Whole or not at all; not synced, because losing it costs only sending again."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(msgspec.json.encode(progress))
    os.replace(new, path)
