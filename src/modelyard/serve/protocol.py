"""uvicorn's HTTP protocol with a deadline on receiving: a client that sends nothing, half a header or half a body is
let go after 10 seconds. uvicorn alone keeps it for ever. A timer runs only while a request is incomplete, so a request
that comes in one packet never pays for one.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

RECEIVE_SECONDS = 10.0
GRACE_SECONDS = 1.0
"""The application answers a slow body itself (408); only after that is the connection cut."""


class Protocol(HttpToolsProtocol):
    _deadline: asyncio.TimerHandle | None = None
    _receiving = False
    _began = False

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._receiving or not self._began:
            self._arm()
        else:
            self._disarm()

    def on_message_begin(self) -> None:
        self._receiving = self._began = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._receiving = False
        super().on_message_complete()

    @property
    def idle(self) -> bool:
        """Nothing of a request is here: neither half received nor being answered."""
        return not self._receiving and (self.cycle is None or self.cycle.response_complete)

    def _arm(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(RECEIVE_SECONDS + GRACE_SECONDS, self._expired)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expired(self) -> None:
        self._deadline = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()
