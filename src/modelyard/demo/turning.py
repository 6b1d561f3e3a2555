"""What the loop does after each day of traffic, and the few words of it that the table shows."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from modelyard.api.loop import Looped
from modelyard.loop.turn import Turned as Turn
from modelyard.loop.watch import Standing, standing

CALM = "ok"


class Turned(Struct, frozen=True):
    """`verdict`: what the monitors say of the one that serves, news or not. `notes`: what is new."""

    verdict: str
    notes: tuple[str, ...] = ()


class Turning:
    """One project's loop, as the file asks for it (api/loop.py)."""

    def __init__(self, ready: Looped) -> None:
        self._ready = ready

    def turn(self) -> Turned:
        """Ship, look, retrain where there is a reason, watch what was promoted; after a crash again to the same end."""
        done = self._ready.loop.turn()
        self._ready.turned(done)
        return Turned(self._standing(), tuple(notes(done)))

    def _standing(self) -> str:
        watcher = self._ready.loop.watcher
        watched = watcher.champion()
        if watched is None:
            return ""
        with self._ready.yard.metadata.begin() as sql:
            return words(standing(sql, watcher.watch, watched.digest))


def notes(done: Turn) -> Iterator[str]:
    """News in words: verdicts, why something was learned anew and how that ended, what came back."""
    for verdict in done.verdicts:
        yield f"{verdict.kind}: {verdict.summary}"
    if done.fired is not None:
        yield f"retrained because {done.fired.cause.name} says so: {done.fired.cause.reason}"
    for outcome in done.outcomes:
        version = "" if outcome.version is None else f" version {outcome.version}"
        yield f"{outcome.status}{version}: {outcome.reason}"
    if done.rolled_back is not None:
        yield f"rolled back to version {done.rolled_back.version}: {done.rolled_back.reason}"


def words(now: Standing) -> str:
    """
    >>> words(Standing()), words(Standing(drifted=("drift",), worse={"quality": ("losses",)}))
    ('ok', 'drifted, worse')
    """
    said = [word for word in ("broken", "drifted", "worse") if getattr(now, word)]
    return ", ".join(said) or CALM
