"""One exchange with one origin: to an address that was checked, TLS verified for its name, bounded in bytes and time.

httpcore speaks HTTP and nothing more: no redirect is followed, no cookie kept, no proxy or password file looked for in
the environment, and no URL logged. Why not httpx, which stands on it: it does not let go of the choice of the address.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import certifi
import httpcore
from msgspec import Struct

from modelyard.errors.connection import UnfitAnswer, Unreachable
from modelyard.errors.project import BadParameter
from modelyard.frame.rest.address import addresses
from modelyard.frame.rest.pinned import Clock, Pinned
from modelyard.frame.rest.unpacked import Damaged, unpacked
from modelyard.schema.connection import Rest
from modelyard.schema.url import Origin

CONNECT, READ = 10.0, 30.0
"""Seconds until a server is given up that does not take a connection, or sends nothing for so long."""
ERROR_BYTES = 65_536


class Passing(Exception):
    """A failure that may be over the next time: what happened, in words."""


class Late(Exception):
    """The time that was allowed is over."""


class Raw(Struct, frozen=True):
    status: int
    headers: dict[str, str]
    """Names in small letters."""
    body: bytes


class Wire:
    def __init__(self, connection: Rest, origin: Origin, folder: Path) -> None:
        """Raises BadParameter where `ca:` is no file of certificates."""
        self.origin, self._who, self._clock = origin, f"connection {connection.name!r}", Clock()
        # Without TLS no authorities are needed, and reading them takes a while: an empty context trusts nobody.
        tls = origin.scheme == "https"
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trusted(connection, folder) if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            network_backend=Pinned(lambda: addresses(origin, connection.reach, self._who), self._clock),
        )

    def close(self) -> None:
        self._pool.close()

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes, most: int, deadline: float) -> Raw:
        """`target`: path and query. `most`: bytes of a good answer; of a bad one the first are enough. Raises Passing,
        Late, TooLong, Unreachable, ForbiddenAddress, UnfitAnswer."""
        self._clock.ends = deadline
        try:
            response = self._pool.handle_request(self._request(method, target, headers, body))
            try:
                return self._received(response, most)
            finally:
                response.close()
        except httpcore.TimeoutException as error:
            if time.monotonic() >= deadline:
                raise Late from None
            what = "takes no connection" if isinstance(error, httpcore.ConnectTimeout) else "sends nothing"
            raise Passing(f"{self.origin} {what}") from None
        except httpcore.ConnectError as error:
            self._untrusted(error)
            raise Passing(f"{self.origin} takes no connection") from None
        except httpcore.LocalProtocolError:
            raise BadParameter("a header or path holds what HTTP cannot send", who=self._who) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Passing(f"the answer breaks off: {str(error)[:100] or type(error).__name__}") from None

    def _request(self, method: str, target: str, headers: dict[str, str], body: bytes) -> httpcore.Request:
        origin = self.origin
        told = {"Host": str(origin).partition("://")[2], "Accept-Encoding": "gzip", **headers}
        if body:
            told["Content-Length"] = str(len(body))
        return httpcore.Request(
            method,
            httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target),
            headers=list(told.items()),
            content=body,
            extensions={
                "sni_hostname": origin.host.rstrip("."),
                "timeout": {"connect": CONNECT, "read": READ, "write": READ, "pool": CONNECT},
            },
        )

    def _received(self, response: httpcore.Response, most: int) -> Raw:
        headers: dict[str, str] = {}
        for name, value in response.headers:
            key, word = name.decode("latin-1").lower(), value.decode("latin-1")
            headers[key] = f"{headers[key]}, {word}" if key in headers else word
        chunks = response.iter_stream()
        if response.status >= 300:
            return Raw(response.status, headers, _first(chunks))
        try:
            return Raw(response.status, headers, unpacked(chunks, headers.get("content-encoding", ""), most))
        except Damaged as error:
            raise UnfitAnswer(f"the answer {error}", who=self._who, where=str(self.origin)) from None

    def _untrusted(self, error: BaseException) -> None:
        """A certificate that does not hold will not hold the next time. Raises Unreachable."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLError):
                said = getattr(cause, "verify_message", "") or cause.reason or "TLS fails"
                way_out = "Name the file of its authorities under `ca:`; a certificate is never taken unverified"
                raise Unreachable(f"no TLS with {self.origin}: {said}", who=self._who, way_out=way_out) from None
            cause = cause.__cause__ or cause.__context__


def _trusted(connection: Rest, folder: Path) -> ssl.SSLContext:
    if connection.ca is None:
        return ssl.create_default_context(cafile=certifi.where())
    path = folder / connection.ca
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError):
        who = f"connection {connection.name!r}"
        raise BadParameter(f"`ca:` {str(path)!r} is no PEM file of certificates", who=who) from None


def _first(chunks: Iterator[bytes]) -> bytes:
    whole = b""
    for chunk in chunks:
        whole += chunk
        if len(whole) >= ERROR_BYTES:
            break
    return whole[:ERROR_BYTES]
