"""What the loop does after each day of traffic, and the few words of it that the table shows."""

from __future__ import annotations

from msgspec import Struct

from modelyard.api.connection import Connection
from modelyard.api.project import Project
from modelyard.loop.watch import Standing, Watch, Watcher, standing

CALM = "ok"


class Turned(Struct, frozen=True):
    """`verdict`: what the monitors say of the one that serves, news or not. `notes`: what is new."""

    verdict: str
    notes: tuple[str, ...] = ()


class Turning:
    def __init__(self, project: Project, yard: Connection, cores: int | None = None) -> None:
        self._yard, self._watch = yard, Watch.of(project.plan())
        self._watcher = Watcher(yard.store, yard.metadata, self._watch)

    def turn(self) -> Turned:
        """Ship, look, and act on what is seen; again after a crash to the same end."""
        self._watcher.ship()
        new = self._watcher.look()
        return Turned(self._standing(), tuple(f"{one.kind}: {one.summary}" for one in new))

    def _standing(self) -> str:
        watched = self._watcher.champion()
        if watched is None:
            return ""
        with self._yard.metadata.begin() as sql:
            return words(standing(sql, self._watch, watched.digest))


def words(now: Standing) -> str:
    """
    >>> words(Standing()), words(Standing(drifted=("drift",), worse={"quality": ("losses",)}))
    ('ok', 'drifted, worse')
    """
    said = [word for word in ("broken", "drifted", "worse") if getattr(now, word)]
    return ", ".join(said) or CALM
