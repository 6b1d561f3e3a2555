"""The window that neither saw: the last labelled days, after whatever the champion or the challenger learned from."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from modelyard.loop.policy import DAY, Policy
from modelyard.loop.watermark import first_event
from modelyard.store.versions import Version


class Window(Struct, frozen=True):
    """Rows whose event lies in [start, end) judge; the challenger's training rows lie before `until`. Microseconds."""

    start: int
    end: int
    until: int

    @property
    def days(self) -> int:
        return max(self.end - self.start, 0) // DAY


def window(sql: Connection, champion: Version, policy: Policy, now: int) -> Window | None:
    """Whole days: the last ones whose labels are due by `now` (the watermark), none that the champion learned from.
    None before the first live row."""
    first = learned_until(champion)
    if first is None:
        first = first_event(sql, champion.model)
    if first is None:
        return None
    end = _day(now - policy.known_after)
    start = max(end - policy.window, -_day(-first))
    return Window(start, end, start - policy.known_after)


def learned_until(version: Version) -> int | None:
    """Where its training rows end, if its document says so (versions made by a retraining); a first version learned
    from the source, before the first live row."""
    found = msgspec.json.decode(version.document or "{}").get("until")
    return int(found) if found is not None else None


def _day(moment: int) -> int:
    return moment - moment % DAY
