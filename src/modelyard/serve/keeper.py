"""Keeping a server up: one that dies is started again on its port, after a pause that grows while it dies quickly.

It gives up after five quick deaths in a row, because what kills a server that fast (a port that another program took, a
store that cannot be read) is for a person to see. What was acknowledged is in the log whatever killed it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from modelyard.errors.serving import ServerGone
from modelyard.serve.child import Server

FIRST_PAUSE = 0.25
"""Seconds; twice as long after each quick death."""
QUICK = 30.0
"""A server that stood for so many seconds died for a new reason."""
MOST_DEATHS = 5
LOOK = 0.1


class Keeper:
    """Watches in a thread of its own between `start` and `stop`. `say`: told what happens; `gave_up`: called when no
    server will come any more."""

    def __init__(self, server: Server, say: Callable[[str], None], gave_up: Callable[[], None]) -> None:
        self._server, self._say, self._gave_up = server, say, gave_up
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="keeper", daemon=True)
        self._started = time.monotonic()
        self._deaths = 0
        self.gone: ServerGone | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Restarts nothing from here on; a start that is under way is waited for."""
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        why = ""
        while not self._ending.wait(LOOK):
            why = why or self._death()
            if why:
                why = self._again(why)

    def _death(self) -> str:
        """How it died, where it did."""
        if self._server.alive:
            return ""
        if time.monotonic() > self._started + QUICK:
            self._deaths = 0
        return f"the server {self._server.ended()}"

    def _again(self, why: str) -> str:
        """A pause and a start, or the end of trying; why that start failed, where it did."""
        self._deaths += 1
        if self._deaths == MOST_DEATHS:
            self.gone = ServerGone(f"{why}, the {MOST_DEATHS}th time in a row", who="serve")
            self._ending.set()
            self._gave_up()
            return ""
        pause = FIRST_PAUSE * 2 ** (self._deaths - 1)
        self._say(f"{why[0].upper()}{why[1:]}. It is started again in {pause:g} s.")
        if self._ending.wait(pause):
            return ""
        try:
            self._server.start()
        except ServerGone as gone:
            return gone.found
        except OSError as error:
            return f"the server did not start: {error}"
        self._started = time.monotonic()
        self._say(f"Serving again: {self._server.url}, up in {self._server.seconds:.1f} s")
        return ""


@contextmanager
def kept(server: Server, say: Callable[[str], None], gave_up: Callable[[], None]) -> Iterator[None]:
    """In the block a server that dies is started again. Raises ServerGone at its end when that was given up."""
    keeper = Keeper(server, say, gave_up)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()
    if keeper.gone is not None:
        raise keeper.gone
