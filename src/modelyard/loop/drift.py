"""monitor.drift: each window of the champion's inputs against its profile, once, in order of event time.

Whole windows only: one in which the package came or went, or in which the log began, holds another part of the day and
would look like drift. A broken window is told as such and never compared: it says nothing of the world.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from modelyard.loop.counting import Hour, total
from modelyard.loop.ship import HOUR
from modelyard.loop.verdict import Verdict, write
from modelyard.loop.watched import Watched, first_hour
from modelyard.measure.broken import Broken, broken
from modelyard.measure.drift import Calibration, Report, State, observe, restart
from modelyard.measure.profile import Profile
from modelyard.store import shipping as books

ALONE = 0.95
"""A window is the package's own when it answered at least this share of the model's rows."""
SHOWN = 5
"""Columns that a verdict tells of."""


class Progress(Struct, frozen=True, kw_only=True):
    """`next`: start of the first window not looked at. `broken`: what was broken in the last window."""

    next: int
    state: State = State()
    broken: tuple[Broken, ...] = ()


def watch_drift(watched: Watched, monitor: str, until: int) -> list[Verdict]:
    """Look at all windows that end by `until` (the watermark) and were not looked at; the new verdicts."""
    monitors, profile = watched.model.monitors, watched.model.profile
    if profile is None or monitors is None or monitors.drift is None:
        return []
    found: list[Verdict] = []
    while True:
        with watched.metadata.begin() as sql:
            one = _Window.next(watched, monitor, profile, monitors.drift, until, sql)
            if one is None:
                return found
            found += one.look()


def late(sql: Connection, watched: Watched, monitor: str) -> int:
    """Rows whose event lies in the last windows looked at, shipped after the look."""
    progress, profile = watched.progress(sql, monitor, Progress), watched.model.profile
    if progress is None or profile is None or not progress.state.starts:
        return 0
    seen = sum(counts.rows for counts in progress.state.windows)
    now = [watched.hours(sql, start, start + profile.window) for start in progress.state.starts]
    return sum(hour.rows for hours in now for hour in hours.values()) - seen


def acknowledge(watched: Watched, monitor: str) -> None:
    """A person has seen the alarm: the growing reference starts again from the training rows."""
    with watched.metadata.begin() as sql:
        progress = watched.progress(sql, monitor, Progress)
        if progress is not None:
            watched.keep(sql, monitor, msgspec.structs.replace(progress, state=restart(progress.state)))


class _Window:
    """One window inside its transaction."""

    def __init__(self, watched: Watched, monitor: str, profile: Profile, calibration: Calibration,
                 progress: Progress, sql: Connection) -> None:  # fmt: skip
        self.watched, self.monitor, self.profile, self.calibration = watched, monitor, profile, calibration
        self.progress, self.sql = progress, sql
        self.start, self.end = progress.next, progress.next + profile.window
        self.hour = total(watched.hours(sql, self.start, self.end).values(), profile)

    @classmethod
    def next(cls, watched: Watched, monitor: str, profile: Profile, calibration: Calibration, until: int,
             sql: Connection) -> _Window | None:  # fmt: skip
        """The next window with rows, None where none is complete."""
        progress = watched.progress(sql, monitor, Progress)
        after = None if progress is None else progress.next
        hour = next(iter(books.hour_counts(sql, watched.digest, after, until)), None)
        if hour is None or hour - hour % profile.window + profile.window > until:
            return None
        at = max(hour - hour % profile.window, after or 0)
        progress = Progress(next=at) if progress is None else msgspec.structs.replace(progress, next=at)
        return cls(watched, monitor, profile, calibration, progress, sql)

    def look(self) -> list[Verdict]:
        bad = broken(self.profile, self.hour.counts, missing=_missing(self.profile, self.hour))
        whole = self._whole()
        state, report = self.progress.state, None
        if whole and not bad:
            state, report = observe(self.profile, self.calibration, state, self.start, self.hour.counts)
        found = [self._broken(bad)] if self._newly(bad) else []
        found += [self._drifted(report)] if report is not None and report.new else []
        new = [verdict for verdict in found if write(self.sql, verdict)]
        self.watched.note(self.sql, self.monitor, "inputs", self.start, self.end, self._found(whole, bad, report))
        self.watched.keep(self.sql, self.monitor, Progress(next=self.end, state=state, broken=bad))
        return new

    def _whole(self) -> bool:
        others = self.watched.others(self.sql, self.start, self.end)
        first = first_hour(self.sql, self.watched.name)
        began = first is not None and self.start + HOUR <= first < self.end
        return not began and self.hour.rows >= ALONE * (self.hour.rows + others)

    def _newly(self, bad: tuple[Broken, ...]) -> bool:
        known = {(one.column, one.reason) for one in self.progress.broken}
        return any((one.column, one.reason) not in known for one in bad)

    def _broken(self, bad: tuple[Broken, ...]) -> Verdict:
        words = ", ".join(f"{one.column} ({_reason(one)})" for one in bad[:SHOWN])
        evidence = {"columns": [msgspec.to_builtins(one) for one in bad], "rows": self.hour.rows}
        start, end = self.start, self.end
        return self.watched.verdict("broken", self.monitor, "inputs", f"The feed is broken: {words}", evidence,
                                    since=start, start=start, end=end)  # fmt: skip

    def _drifted(self, report: Report) -> Verdict:
        first = report.columns[0]
        return self.watched.verdict(
            "drifted",
            self.monitor,
            "inputs",
            f"{first.column} has drifted: {_moved(report)} (z {report.z:.1f}, alarm above {report.h:.1f})",
            {**_evidence(report), "calibrated_by": self.calibration.by, "horizon": self.calibration.horizon},
            since=first.since,
            start=self.start,
            end=self.end,
            approximate=report.approximate,
        )

    def _found(self, whole: bool, bad: tuple[Broken, ...], report: Report | None) -> dict[str, Any]:
        seen = {} if report is None else {"z": report.z, "h": report.h, "drifted": report.drifted,
                                          "approximate": report.approximate, "top": report.columns[0].column
                                          if report.columns else ""}  # fmt: skip
        return {"rows": self.hour.rows, "whole": whole, "broken": [one.column for one in bad], **seen}


def _missing(profile: Profile, hour: Hour) -> list[str]:
    """Columns whose key was in no row of the window, though the training rows had values."""
    usual = (counts.nulls < counts.rows for counts in profile.reference.columns)
    return [
        name
        for name, absent, filled in zip(profile.names, hour.absent, usual, strict=True)
        if filled and hour.rows and absent == hour.rows
    ]


def _evidence(report: Report) -> dict[str, Any]:
    past = [alarm for alarm in report.columns if alarm.z > report.h][:SHOWN]
    return {
        "z": report.z,
        "h": report.h,
        "rows": report.rows,
        "columns": [msgspec.to_builtins(alarm) for alarm in past],
        "smallest_shift": report.smallest_shift,
        "approximate": report.approximate,
    }


def _reason(one: Broken) -> str:
    share = f"{one.found:.0%}, usual is up to {one.limit:.0%}"
    words = {"missing": "missing", "type": "of another type", "stuck": "one value only"}
    return words.get(one.reason, f"{'null' if one.reason == 'nulls' else one.reason} in {share}")


def _moved(report: Report) -> str:
    alarm = report.columns[0]
    effect = alarm.effect
    if alarm.check == "location" and effect.shift is not None:
        size = f"shifted by {effect.shift:+.2f} sd"
    elif alarm.check == "scale" and effect.scale is not None:
        size = f"spread × {effect.scale:.2f}"
    elif alarm.check == "null":
        size = f"nulls {effect.nulls:+.1%}"
    else:
        size = f"{effect.label} {effect.share:+.1%}"
    return f"{size} over {alarm.scale} window{'s' if alarm.scale > 1 else ''}"
