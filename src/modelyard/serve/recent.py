"""The answers of the last minute, so that a retry in the same process gets the stored reply and no second log line.

Truth about ids is made later, when segments are shipped; this only saves honest retries from being counted twice and
tells a client at once when it uses an id for two rows. Bounded in time and in number: the oldest leave first.
"""

from __future__ import annotations

from asyncio import Future
from collections import deque

from msgspec import Struct

KEEP_SECONDS = 60.0
KEEP_MOST = 50_000


class Given(Struct, eq=False):
    """One answer given: of which row, in which bytes, and the log write that it waits for (None once written)."""

    digest: str
    answer: bytes
    until: float
    written: Future[None] | None = None


class Recent:
    """
    >>> recent = Recent()
    >>> recent.remember("a", "digest", b"{}", now=0.0).digest
    'digest'
    >>> recent.get("a", now=59.0) is None, recent.get("a", now=61.0) is None
    (False, True)
    """

    def __init__(self, most: int = KEEP_MOST) -> None:
        self._given: dict[str, Given] = {}
        self._order: deque[tuple[str, Given]] = deque()
        self._most = most

    def __len__(self) -> int:
        return len(self._given)

    def get(self, key: str, now: float) -> Given | None:
        given = self._given.get(key)
        return given if given is not None and given.until > now else None

    def remember(self, key: str, digest: str, answer: bytes, now: float) -> Given:
        given = Given(digest, answer, now + KEEP_SECONDS)
        self._given[key] = given
        self._order.append((key, given))
        while self._order and (self._order[0][1].until <= now or len(self._order) > self._most):
            self._drop(*self._order.popleft())
        return given

    def forget(self, key: str, given: Given) -> None:
        """The answer was never acknowledged: its log write failed."""
        self._drop(key, given)

    def _drop(self, key: str, given: Given) -> None:
        if self._given.get(key) is given:
            del self._given[key]
