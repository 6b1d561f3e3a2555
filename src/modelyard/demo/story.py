"""The demo from the first file to the last day: project, run, server, traffic, loop; each through its own front door.

Every part can be killed and goes on when the same command is given again: the run by its cache, the replay by its
progress file, the loop by its records. A day is done when its loop turn is done; an unfinished one is finished first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

from msgspec import Struct

from modelyard.api.connection import Connection, opened
from modelyard.api.leaderboard import lines
from modelyard.api.loop import looped
from modelyard.api.project import Project
from modelyard.demo import project as demo_project
from modelyard.demo.client import Client
from modelyard.demo.progress import Entry, Progress, load, save
from modelyard.demo.replay import replay
from modelyard.demo.summary import summary
from modelyard.demo.table import Table
from modelyard.demo.traffic import LATE, Day, days
from modelyard.demo.turning import Turning
from modelyard.errors.serving import ServerGone
from modelyard.loop.days import Calendar
from modelyard.loop.days import Day as Measured
from modelyard.loop.leader import leader
from modelyard.measure.profile import DAY
from modelyard.run.events import Stream
from modelyard.serve.child import Server

PAUSE = 5.0
"""Seconds between two turns of the loop once the replay is over."""


class Wishes(Struct, frozen=True, kw_only=True):
    folder: Path = Path("flights-demo")
    days: int | None = None
    """Of the replay; all 183 by default."""
    port: int | None = None
    cores: int | None = None


class Told(Struct, frozen=True, eq=False):
    """`found`: the summary."""

    found: dict[str, Any]
    server: Server
    loop: Turning
    table: Table

    def stay(self) -> None:
        """Until Ctrl-C: the server answers, and the loop goes on turning. Raises ServerGone."""
        self.table.say(f"\nStill serving: {self.server.url}/v1/models/{self.found['package']['name']}. Ctrl-C ends it.")
        while self.server.alive:
            time.sleep(PAUSE)
            for note in self.loop.turn().notes:
                self.table.say(note)
        raise ServerGone(f"the server has ended: {self.server.said()}", who="demo")


@contextmanager
def told(wishes: Wishes, out: TextIO, stream: Stream) -> Iterator[Told]:
    """The whole demo, told on `out`; in the block the server still stands.

    Raises NoFlights, OtherFolder, NotLeader, ServerGone, and what run and loop raise."""
    file = demo_project.write(wishes.folder)
    project, table = Project.load(file), Table(out)
    with opened(project.place(), make=True) as yard, leader(yard.store):
        table.say(f"Project: {file}")
        result = project.run(cores=wishes.cores, stream=stream)
        for line in lines(result):
            table.say(line)
        with Server(yard.store, wishes.port) as server, looped(project, yard, wishes.cores) as ready:
            loop = Turning(ready)
            table.say(f"Serving on {server.url}/v1/models/{project.head.name}, up in {server.seconds:.1f} s\n")
            story = Story(project.head.name, yard, loop, table, wishes.days)
            story.tell(server)
            found = summary(result, story.progress, yard.store, yard.metadata, server.url)
            yield Told(found, server, loop, table)


class Story:
    """The replay, day by day."""

    def __init__(self, name: str, yard: Connection, loop: Turning, table: Table, count: int | None) -> None:
        self.name, self._loop, self._table, self._days = name, loop, table, count
        self._place = yard.store.root / "demo.json"
        self.progress: Progress = load(self._place)
        self._calendar = Calendar(yard.store, yard.metadata, self.name, "roc_auc")

    def tell(self, server: Server) -> None:
        left = days(self._days)[len(self.progress.finished) :]
        if left and self.progress.finished:
            self._table.say(f"Going on after {self.progress.finished[-1].day}")
        with Client(server.host, server.port) as client:
            for day in left:
                self._day(day, client)

    def _day(self, day: Day, client: Client) -> None:
        client.fresh()
        replay(client, self.name, day, self.progress, lambda: self._keep(day))
        turn = self._loop.turn()
        entry = self._entry(day, turn.verdict, turn.notes)
        self.progress.close(entry)
        save(self._place, self.progress)
        self._table.day(entry)

    def _keep(self, day: Day) -> None:
        save(self._place, self.progress)
        self._table.under_way(f"{day.day}", self.progress.tally.sent, day.flights)

    def _entry(self, day: Day, verdict: str, notes: tuple[str, ...]) -> Entry:
        tally, before = self.progress.tally, day.day - LATE
        now, then = self._measured(day.day), self._measured(before)
        realised = None if then is None else then.realised
        return Entry(
            day=f"{day.day}",
            requests=tally.sent,
            failures=tally.failed + tally.labels_failed,
            acknowledged=tally.acknowledged,
            labels=tally.labels,
            cancelled=day.cancelled,
            p99_ms=tally.p99,
            realised_roc_auc=realised,
            realised_day=f"{before}" if realised is not None else "",
            estimated_roc_auc=None if now is None else now.estimated,
            verdict=verdict,
            version=tally.version,
            notes=notes,
        )

    def _measured(self, day: date) -> Measured | None:
        """Of the UTC day: what monitors call a day. It is complete when the day in New York is."""
        start = int(datetime.combine(day, datetime.min.time(), UTC).timestamp()) * 1_000_000
        return next(iter(self._calendar.days(start, start + DAY)), None)
