"""Clients that keep asking a real server, and know what they were promised."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

import httpx
from serving_store import ROW, Server, late

PREDICT = "/v1/models/late/predict"


class Load:
    """An id counts as acknowledged when its 200 has arrived whole; `lost` are those to which no answer came. `first`:
    ids that are sent before new ones."""

    def __init__(self, server: Server, clients: int, prefix: str, first: Iterable[str] = ()) -> None:
        self.acknowledged: list[str] = []
        self.lost: list[str] = []
        self.failures: list[str] = []
        self.revisions: set[int] = set()
        self.wrong = 0
        self.stopping = threading.Event()
        self._server, self._prefix, self._first = server, prefix, deque(first)
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        with self._server.client() as client:
            count = 0
            while not self.stopping.is_set():
                count += 1
                key = self._key(f"{self._prefix}-{number}-{count}")
                try:
                    reply = client.post(PREDICT, json={**ROW, "flight": key})
                except httpx.HTTPError as error:
                    self.lost.append(key)
                    if not isinstance(error, httpx.ConnectError):
                        self.failures.append(repr(error))
                    return
                if reply.status_code != 200:
                    self.failures.append(reply.text)
                    continue
                self._check(reply.json(), key)

    def _key(self, new: str) -> str:
        try:
            return self._first.popleft()
        except IndexError:
            return new

    def _check(self, reply: dict, key: str) -> None:
        one = reply["predictions"][0]
        expected = late(ROW, 0.25 * reply["revision"])
        self.wrong += one["id"] != key or one["probabilities"]["True"] != expected
        self.revisions.add(reply["revision"])
        self.acknowledged.append(key)

    def end(self) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join(30)


def until(done: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)
