"""Who may come in: decided on headers, before any route and for every method alike."""

from __future__ import annotations

import hmac
from hashlib import sha256
from pathlib import Path

from modelyard.errors.serving import BadToken, ForeignOrigin, OpenToNetwork, TokenNeeded

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HERE = (b"127.0.0.1", b"localhost", b"[::1]")

Headers = list[tuple[bytes, bytes]]


def read_token(path: Path) -> bytes:
    """Raises BadToken."""
    try:
        token = path.read_bytes().strip()
    except OSError as error:
        raise BadToken(f"the token file cannot be read: {error.strerror}", where=str(path)) from error
    if len(token) < 32:
        raise BadToken(f"the token has {len(token)} characters, under 32", where=str(path))
    return token


def check_host(host: str, token: bytes | None) -> None:
    """Raises OpenToNetwork for anything but loopback while there is no token."""
    if host not in LOOPBACK and token is None:
        raise OpenToNetwork(f"listening on {host!r} would open the model to the network without a token", who="serve")


class Door:
    def __init__(self, token: bytes | None = None) -> None:
        self._token = sha256(token).digest() if token is not None else None

    def check(self, headers: Headers) -> None:
        """Raises TokenNeeded, or, without a token, ForeignOrigin: a web page that resolves its own name to this
        machine (DNS rebinding) still sends its name."""
        if self._token is not None:
            self._check_token(headers)
            return
        for name, value in headers:
            if name == b"host" and value.rsplit(b":", 1)[0] not in _HERE and value not in _HERE:
                raise ForeignOrigin("the Host header names another machine")
            if name == b"origin" and value.split(b"://")[-1].rsplit(b":", 1)[0] not in _HERE:
                raise ForeignOrigin("the Origin header names another site")

    def _check_token(self, headers: Headers) -> None:
        given = b""
        for name, value in headers:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                given = value[7:].strip()
        if not hmac.compare_digest(sha256(given).digest(), self._token or b""):
            raise TokenNeeded("no token, or not this server's")
