"""What the demo says of a run while it works, on standard error: a bar that is rewritten, or a line per step."""

from __future__ import annotations

import time
from typing import TextIO

from modelyard.run.events import AnyEvent, Failed, Progress, Started

WIDTH = 24
OFTEN = 0.1
"""Seconds between two drawings of the bar."""


class Talk:
    """A subscriber of `run.events.Stream`.

    >>> import io
    >>> out = io.StringIO()
    >>> Talk(out)(Progress(step="compare", done=30, total=30, cached=5))
    >>> out.getvalue()
    '[########################] 30 of 30  compare, 5 known from before\\n'
    """

    def __init__(self, out: TextIO) -> None:
        self._out, self._drawn = out, 0.0

    def __call__(self, event: AnyEvent) -> None:
        if isinstance(event, Started):
            candidates = ", ".join(event.candidates)
            self._line(f"{event.name}: {event.rows:,} rows, {event.folds} folds: {candidates}")
        elif isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, Failed):
            self._line(f"failed: {event.message}")

    def _progress(self, event: Progress) -> None:
        if event.done >= event.total:
            self._line(bar(event))
        elif self._out.isatty() and time.monotonic() > self._drawn + OFTEN:
            self._drawn = time.monotonic()
            self._out.write(f"\r\x1b[2K{bar(event)}")
            self._out.flush()

    def _line(self, text: str) -> None:
        self._out.write(("\r\x1b[2K" if self._out.isatty() else "") + text + "\n")
        self._out.flush()


def bar(event: Progress) -> str:
    """
    >>> bar(Progress(step="compare", done=1, total=4))
    '[######..................] 1 of 4  compare'
    """
    full = WIDTH * event.done // max(event.total, 1)
    known = f", {event.cached} known from before" if event.cached else ""
    return f"[{'#' * full}{'.' * (WIDTH - full)}] {event.done} of {event.total}  {event.step}{known}"
