"""One exchange with one origin: to the address that was checked, TLS verified for its name, bounded in bytes and time.

httpx's transport is called directly, without its client: no redirect is followed, no cookie kept, no proxy or password
file looked for in the environment, and no URL logged. A URL names the address, the name goes into Host and TLS.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
from msgspec import Struct

from modelyard.errors.connection import UnfitAnswer, Unreachable
from modelyard.errors.project import BadParameter
from modelyard.frame.rest.address import addresses
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
        self.origin, self._reach, self._who = origin, connection.reach, f"connection {connection.name!r}"
        # Without TLS no authorities are needed, and reading them takes a while: an empty context trusts nobody.
        tls = origin.scheme == "https"
        trusted = _trusted(connection, folder) if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._transport = httpx.HTTPTransport(verify=trusted, trust_env=False, retries=0)
        self._there: list[str] = []

    def close(self) -> None:
        self._transport.close()

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes, most: int, deadline: float) -> Raw:
        """`target`: path and query. `most`: bytes of a good answer; of a bad one the first are enough. Raises Passing,
        Late, TooLong, Unreachable, ForbiddenAddress, UnfitAnswer."""
        if not self._there:
            self._there = addresses(self.origin, self._reach, self._who)
        for place, address in enumerate(self._there):
            try:
                made = self._sent(address, method, target, headers, body, most, deadline)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                self._untrusted(error)
                if place + 1 == len(self._there):
                    raise Passing(f"{self.origin} takes no connection") from None
                continue
            self._there = [address]
            return made
        raise Passing(f"{self.origin} has no address")

    def _sent(
        self, address: str, method: str, target: str, headers: dict[str, str], body: bytes, most: int, deadline: float
    ) -> Raw:
        host = f"[{address}]" if ":" in address else address
        left = max(deadline - time.monotonic(), 0.001)
        request = httpx.Request(
            method,
            f"{self.origin.scheme}://{host}:{self.origin.port}{target}",
            headers={"Host": str(self.origin).partition("://")[2], "Accept-Encoding": "gzip", **headers},
            content=body or None,
            extensions={
                "sni_hostname": self.origin.host.rstrip("."),
                "timeout": httpx.Timeout(min(READ, left), connect=min(CONNECT, left)).as_dict(),
            },
        )
        try:
            response = self._transport.handle_request(request)
            with closing(response):
                return self._received(response, most, deadline)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise
        except httpx.TimeoutException:
            if time.monotonic() >= deadline:
                raise Late from None
            raise Passing(f"{self.origin} sends nothing") from None
        except httpx.LocalProtocolError:
            raise BadParameter("a header or path holds what HTTP cannot send", who=self._who) from None
        except httpx.TransportError as error:
            raise Passing(f"the answer breaks off: {str(error)[:100] or type(error).__name__}") from None

    def _received(self, response: httpx.Response, most: int, deadline: float) -> Raw:
        headers = {name.lower(): value for name, value in response.headers.items()}
        good = response.status_code < 300
        chunks = _until(deadline, response.stream)
        try:
            body = unpacked(chunks, headers.get("content-encoding", ""), most) if good else _first(chunks)
        except Damaged as error:
            raise UnfitAnswer(f"the answer {error}", who=self._who, where=str(self.origin)) from None
        return Raw(response.status_code, headers, body)

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
        return httpx.create_ssl_context(trust_env=False)
    path = folder / connection.ca
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError):
        who = f"connection {connection.name!r}"
        raise BadParameter(f"`ca:` {str(path)!r} is no PEM file of certificates", who=who) from None


def _until(deadline: float, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> Iterator[bytes]:
    """A server that drips keeps every time-out: the clock is read between the drops."""
    if not isinstance(stream, httpx.SyncByteStream):
        raise Passing("the answer cannot be read")
    for chunk in stream:
        if time.monotonic() >= deadline:
            raise Late
        yield chunk


def _first(chunks: Iterator[bytes]) -> bytes:
    whole = b""
    for chunk in chunks:
        whole += chunk
        if len(whole) >= ERROR_BYTES:
            break
    return whole[:ERROR_BYTES]
