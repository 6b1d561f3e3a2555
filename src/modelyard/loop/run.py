"""Turn after turn until told to stop (SIGTERM, Ctrl-C), as the store's one leader.

A turn that fails is told and tried again, later each time: a full disk or a database that is away for a minute ends
nothing. Stopping waits for the turn that is under way; killing it loses nothing either.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from modelyard.loop.leader import leader
from modelyard.loop.turn import Loop, Turned

LONGEST_PAUSE = 300.0


def run(loop: Loop, stop: threading.Event, pause: float = 5.0, turned: Callable[[Turned], None] = lambda turned: None,
        failed: Callable[[Exception], None] = lambda error: None) -> int:  # fmt: skip
    """Take turns until `stop` is set; how many were taken. `pause`: seconds between turns that found nothing to ship.
    Raises NotLeader at once."""
    turns, wait = 0, pause
    with leader(loop.store):
        while not stop.is_set():
            try:
                done = loop.turn()
            except Exception as error:  # whatever it was: told, and tried again
                failed(error)
                wait = min(max(wait, 0.1) * 2, LONGEST_PAUSE)
            else:
                turned(done)
                turns, wait = turns + 1, pause
                if done.shipped.batches:
                    continue
            stop.wait(wait)
    return turns


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set; the handlers of before are put back after the block."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
