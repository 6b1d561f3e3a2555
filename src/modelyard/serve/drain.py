"""uvicorn with a shutdown that loses nothing.

uvicorn's own closes idle keep-alive connections at once, so that a request already on its way is reset. Here: stop
being ready, take over the connections that the kernel has already accepted, close the listener, answer what comes on
open connections with `Connection: close`, and only cut what stayed silent for the grace.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

from uvicorn import Config, Server

from modelyard.serve.app import App
from modelyard.serve.protocol import Protocol

GRACE_SECONDS = 3.0


class DrainingServer(Server):
    def __init__(self, config: Config, app: App, grace: float = GRACE_SECONDS) -> None:
        super().__init__(config)
        self._app, self._grace = app, grace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.draining = True
        for listener in sockets or []:
            await self._adopt(listener)
        for server in self.servers:
            server.close()
        end = time.monotonic() + self._grace
        while self.server_state.connections and time.monotonic() < end and not self.force_exit:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)

    async def _adopt(self, listener: socket.socket) -> None:
        """Clients whose connection the kernel completed before we closed have done nothing wrong."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(BlockingIOError, OSError):
            while True:
                accepted, _ = listener.accept()
                accepted.setblocking(False)
                await loop.connect_accepted_socket(self._protocol, accepted)

    def _protocol(self) -> Protocol:
        return Protocol(self.config, self.server_state, self.lifespan.state)
