"""Sockets that lead to the addresses that were checked, and that end when the time is over.

httpcore asks its network backend for a connection to a host, and this one asks no resolver: it connects to an address
that it was given. The clock is read before every piece that is read, because a server that sends a byte now and then
keeps every time-out that is counted from the last byte.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore


class Clock:
    """When it is over, as `time.monotonic` counts."""

    def __init__(self) -> None:
        self.ends = float("inf")

    def left(self, timeout: float | None) -> float:
        """Seconds that may be waited. Raises httpcore.ReadTimeout where there are none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(timeout, left)


class Pinned(httpcore.SyncBackend):
    """`addresses`: of the one host; the one that answered stays the one."""

    def __init__(self, addresses: Callable[[], list[str]], clock: Clock) -> None:
        self._addresses, self._clock = addresses, clock
        self._there: list[str] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        self._there = self._there or self._addresses()
        failed: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError("no address")
        for address in self._there:
            try:
                made = super().connect_tcp(address, port, self._clock.left(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            self._there = [address]
            return Timed(made, self._clock)
        raise failed


class Timed(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, clock: Clock) -> None:
        self._stream, self._clock = stream, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return Timed(self._stream.start_tls(ssl_context, server_hostname, self._clock.left(timeout)), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
