"""A run as it goes, on standard error: a bar where a person looks on, a few lines where a file does."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from modelyard.run.events import AnyEvent, Progress, Standing

WIDTH = 30
EVERY = 0.1
"""Seconds between two drawings of the bar."""
DOING = {"learn": "learning", "refit": "refitting the winner and proving it"}


class Shown:
    """A subscriber of `run.events.Stream`."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._bar = self._out.isatty()
        self._drawn = 0.0
        self._said: set[str] = set()

    def __call__(self, event: AnyEvent) -> None:
        kind = type(event).__name__
        handle = getattr(self, f"_on_{kind.lower()}", None)
        if handle is not None:
            handle(event)

    def _on_started(self, event: AnyEvent) -> None:
        from modelyard.run.events import Started

        if isinstance(event, Started):
            self._line(
                f"{event.name}: {event.rows:,} rows, {len(event.candidates)} candidates in {event.folds} folds: "
                + ", ".join(event.candidates)
            )

    def _on_progress(self, event: Progress) -> None:
        if self._bar:
            self._draw(event)
        elif event.step not in self._said:
            self._said.add(event.step)
            self._line(f"{DOING.get(event.step, event.step)} …{_cached(event)}")

    def _on_standing(self, event: Standing) -> None:
        mean = sum(event.folds) / max(len(event.folds), 1)
        self._line(f"  {event.candidate}: {mean:.4f}")

    def _on_failed(self, event: AnyEvent) -> None:
        self._line("failed")

    def _draw(self, event: Progress) -> None:
        done = event.done >= event.total
        if time.monotonic() - self._drawn < EVERY and not done:
            return
        self._drawn = time.monotonic()
        self._out.write(
            "\r" + bar(event.done, event.total) + f" {DOING.get(event.step, event.step)}{_cached(event)}\x1b[K"
        )
        self._out.write("\n" if done else "")
        self._out.flush()

    def _line(self, text: str) -> None:
        self._out.write(("\r\x1b[K" if self._bar else "") + text + "\n")
        self._out.flush()


def bar(done: int, total: int) -> str:
    """
    >>> bar(15, 30)
    '[###############...............] 15/30'
    """
    filled = WIDTH * done // max(total, 1)
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}] {done:,}/{total:,}"


def _cached(event: Progress) -> str:
    return f" ({event.cached} known from before)" if event.cached else ""
