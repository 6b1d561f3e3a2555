"""An HTTP client for one server: a few keep-alive connections, each carrying one request at a time.

Why our own and not httpx: the demo sends one request per flight, 166,000 of them, on the cores that also serve and
learn; this costs a tenth. A request that gets no good answer is tried again with the same id, which is harmless; every
attempt that failed is counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import httptools
import uvloop
from msgspec import Struct

from modelyard.errors.serving import ServerGone

WIDTH = 16
"""Requests under way at once."""
TRIES = 8
AGAIN = (429, 500, 503)
"""Statuses worth another attempt."""
PATIENCE = 20.0
"""Seconds for one answer."""


class Ask(Struct, frozen=True):
    """`key`: what the caller finds the answer by."""

    path: str
    body: bytes
    key: int = 0


class Answer(Struct, frozen=True):
    """`status` 0: no answer at all."""

    status: int
    body: bytes
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


Heard = Callable[[Ask, Answer], None]
"""Called once per attempt, good or not."""


class Client:
    """`send` returns when every request has its last answer."""

    def __init__(self, host: str, port: int, width: int = WIDTH, tries: int = TRIES) -> None:
        self._host, self._port, self._width, self._tries = host, port, width, tries
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._lines: list[_Line] = []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()
        self._runner.close()

    def fresh(self) -> None:
        """Close the connections: after a pause the server may have closed them already."""
        self._drop()

    def send(self, asks: Sequence[Ask], heard: Heard) -> None:
        """Raises ServerGone when a request finds no server, however often it is tried."""
        self._runner.run(self._all(iter(asks), min(self._width, len(asks)), heard))

    async def _all(self, asks: Iterator[Ask], width: int, heard: Heard) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(self._each(asks, heard))
        except* ServerGone as gone:
            raise gone.exceptions[0] from None

    async def _each(self, asks: Iterable[Ask], heard: Heard) -> None:
        line = self._lines.pop() if self._lines else _Line(self._host, self._port)
        for ask in asks:
            await self._one(line, ask, heard)
        self._lines.append(line)

    async def _one(self, line: _Line, ask: Ask, heard: Heard) -> None:
        answer = Answer(0, b"")
        for attempt in range(self._tries):
            answer = await self._attempt(line, ask)
            heard(ask, answer)
            if answer.good or (answer.status and answer.status not in AGAIN):
                return
            await asyncio.sleep(min(0.05 * 2**attempt, 2.0))
        if not answer.status:
            raise ServerGone(f"no server answers on {self._host}:{self._port}", who="demo")

    async def _attempt(self, line: _Line, ask: Ask) -> Answer:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                status, body = await line.send(_request(ask, self._host))
        except (OSError, httptools.HttpParserError):  # a TimeoutError is an OSError
            line.close()
            return Answer(0, b"", time.perf_counter() - start)
        return Answer(status, body, time.perf_counter() - start)

    def _drop(self) -> None:
        for line in self._lines:
            line.close()
        self._lines.clear()


def _request(ask: Ask, host: str) -> bytes:
    return (
        b"POST %b HTTP/1.1\r\nhost: %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        % (ask.path.encode(), host.encode(), len(ask.body))
    ) + ask.body


class _Line:
    """A place for one connection at a time, made anew when it was lost."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._transport: asyncio.Transport | None = None
        self._exchange = _Exchange()

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Raises OSError, HttpParserError."""
        if self._transport is None or self._exchange.lost:
            loop = asyncio.get_running_loop()
            self._transport, self._exchange = await loop.create_connection(_Exchange, self._host, self._port)
        answer = self._exchange.expect()
        self._transport.write(request)
        return await answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None


class _Exchange(asyncio.Protocol):
    """One connection: the answer to the one request under way."""

    def __init__(self) -> None:
        self.lost = False
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []

    def expect(self) -> asyncio.Future[tuple[int, bytes]]:
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError())

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        body, self._parts = b"".join(self._parts), []
        self.lost = self.lost or not self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), body))

    def _fail(self, error: Exception) -> None:
        self.lost = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
