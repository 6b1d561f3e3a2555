"""The listening socket: a busy port is named, or another is chosen and said; and room for those who connect."""

from __future__ import annotations

import contextlib
import errno
import resource
import socket

from modelyard.errors.serving import PortBusy

DEFAULT_PORT = 8080
_TRIES = 20
_FILES = 65_536


def allow_connections() -> None:
    """As many open files as the system lets this process have, up to 65,536. The usual 1,024 would end new connections
    before the server's own limit could refuse requests with a reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # macOS has a second limit, below the one it tells
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


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
