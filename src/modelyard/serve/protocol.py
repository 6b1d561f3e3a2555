"""uvicorn's HTTP protocol with a deadline on receiving, and a door of its own for predictions.

A client that sends nothing, half a header or half a body is let go after 10 seconds; uvicorn alone keeps it for ever. A
timer runs only while a request is incomplete, so a request that comes in one packet never pays for one.

A plain small prediction (`_plain`) is answered inside the parser's callback, without scope, task or ASGI messages,
which is what most of its time went to. Everything else, and everything that will be refused before its body is read,
goes uvicorn's way, so limits, pipelining, 100-continue and draining mean the same through both doors.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from modelyard.errors import ModelyardError
from modelyard.errors.serving import SlowClient
from modelyard.serve.app import App, Asked
from modelyard.serve.bodies import is_json
from modelyard.serve.doors import Headers
from modelyard.serve.refusals import refusal

RECEIVE_SECONDS = 10.0
GRACE_SECONDS = 1.0
"""The application answers a slow body itself (408); only after that is the connection cut."""
PLAIN_BYTES = 65_536
"""Larger bodies need flow control, which uvicorn has."""

_JSON: Headers = [(b"content-type", b"application/json")]
_TEXT: Headers = [(b"content-type", b"text/plain; charset=utf-8")]


class Waiting:
    """Stands where uvicorn expects the request being answered, while its log write is under way: later requests of the
    connection queue up behind it."""

    response_complete = False
    disconnected = False
    keep_alive = True

    def __init__(self, start: float) -> None:
        self.start = start
        self.message_event = asyncio.Event()


class Protocol(HttpToolsProtocol):
    _deadline: asyncio.TimerHandle | None = None
    _receiving = False
    _began = False
    _asked: str | None = None
    """The model of the plain prediction being received."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._served: App | None = config.app if isinstance(config.app, App) else None
        self._body = b""
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._receiving or not self._began:
            self._arm()
        elif self._deadline is not None:
            self._disarm()

    def on_message_begin(self) -> None:
        self._receiving = self._began = True
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        self._asked = self._plain()
        if self._asked is not None:
            self._body = b""
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._asked is None:
            super().on_body(body)
        else:
            self._body += body

    def on_message_complete(self) -> None:
        self._receiving = False
        if self._asked is None:
            super().on_message_complete()
        else:
            self._predict(self._asked)

    @property
    def idle(self) -> bool:
        """Nothing of a request is here: neither half received nor being answered."""
        return not self._receiving and (self.cycle is None or self.cycle.response_complete)

    def _plain(self) -> str | None:
        """The model, when this is a small prediction that nothing stands in the way of: nothing else under way on the
        connection, length said, let in, JSON, to be kept alive."""
        app = self._served
        name = None if app is None else app.routes.get(self.url)
        if app is None or name is None or app.draining or self.expect_100_continue or self.flow.write_paused:
            return None
        if self.pipeline or not (self.cycle is None or self.cycle.response_complete):
            return None
        parser = self.parser
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1" or not parser.should_keep_alive():
            return None
        if parser.should_upgrade() or not self._small():
            return None
        try:
            app.door.check(self.headers)
        except ModelyardError:
            return None
        return name

    def _small(self) -> bool:
        length = -1
        for header, value in self.headers:
            if header == b"content-length":
                length = int(value)
            elif header == b"transfer-encoding" or (header == b"content-type" and not is_json(value)):
                return False
        return 0 <= length <= PLAIN_BYTES

    def _predict(self, name: str) -> None:
        app, start, body = self._app(), time.perf_counter(), self._body
        self._asked, self._body = None, b""
        app.meters.short_door += 1
        try:
            asked = app.begin(name, body)
            if asked.waits:
                self._wait(asked, start)
                return
            app.end(asked.reply)
            status, headers, said = 200, _JSON, asked.reply.body
        except Exception as error:
            status, headers, said = self._failed(error)
        self._send(status, headers, said, start)

    def _wait(self, asked: Asked, start: float) -> None:
        waiting: Any = Waiting(start)
        self.cycle = waiting
        whole: asyncio.Future[Any] = asked.waits[0] if len(asked.waits) == 1 else asyncio.gather(*asked.waits)
        whole.add_done_callback(partial(self._written, asked, waiting))

    def _written(self, asked: Asked, waiting: Waiting, whole: asyncio.Future[Any]) -> None:
        waiting.response_complete = True
        error = whole.exception()
        if error is None:
            self._app().end(asked.reply)
            status, headers, said = 200, _JSON, asked.reply.body
        else:
            status, headers, said = self._failed(error)
        if waiting.disconnected or self.transport.is_closing():
            self._app().meters.answered("predict", status, time.perf_counter() - waiting.start)
        else:
            self._send(status, headers, said, waiting.start, waiting.keep_alive)

    def _failed(self, error: BaseException) -> tuple[int, Headers, bytes]:
        if isinstance(error, ModelyardError):
            return refusal(error)
        self.logger.error("a prediction failed", exc_info=error)
        return 500, _TEXT, b"Internal Server Error"

    def _send(self, status: int, headers: Headers, body: bytes, start: float, keep: bool = True) -> None:
        """The whole answer in one write; closed after it while draining."""
        app = self._app()
        app.meters.answered("predict", status, time.perf_counter() - start)
        lines = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers):
            lines.append(b"%b: %b\r\n" % (name, value))
        close = app.draining or not keep or status == 500
        if close:
            lines.append(b"connection: close\r\n")
        lines.append(b"content-length: %d\r\n\r\n" % len(body))
        lines.append(body)
        self.transport.write(b"".join(lines))
        if close:
            self.transport.close()
        self.on_response_complete()

    def _app(self) -> App:
        """Only called where `_plain` found one."""
        if self._served is None:
            raise RuntimeError("no app of ours behind this door")
        return self._served

    def _arm(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(RECEIVE_SECONDS + GRACE_SECONDS, self._expired)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expired(self) -> None:
        self._deadline = None
        if self.transport is None or self.transport.is_closing():
            return
        if self._asked is None:
            self.transport.close()
        else:
            self._asked = None
            slow = SlowClient(f"the body was not here after {RECEIVE_SECONDS + GRACE_SECONDS:g} seconds")
            self._send(*refusal(slow), time.perf_counter(), keep=False)
