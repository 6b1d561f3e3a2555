"""The listening socket: a busy port is named, or another is chosen and said."""

from __future__ import annotations

import errno
import socket

from modelyard.errors.serving import PortBusy

DEFAULT_PORT = 8080
_TRIES = 20


def listen(host: str, port: int | None) -> socket.socket:
    """A bound, listening socket. `port=None`: 8080 or the next free one; 0: any free one. Raises PortBusy."""
    if port is not None:
        return _bind(host, port)
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + _TRIES):
        try:
            return _bind(host, candidate)
        except PortBusy:
            continue
    return _bind(host, 0)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(2048)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PortBusy(f"port {port} on {host} is in use by another process", who="serve") from None
        raise PortBusy(f"{host}:{port} cannot be listened on: {error.strerror}", who="serve") from error
    bound.setblocking(False)
    return bound
