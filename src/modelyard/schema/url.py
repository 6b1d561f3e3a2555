"""The address of a web service: scheme, host, port and path, and nothing that a URL can carry besides.

What is refused: a user or password (would be printed), a query or fragment (belongs in typed fields), another scheme
than http and https, control characters and backslashes (read differently by different readers).
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from modelyard.errors.project import BadParameter

PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*")
"""A name (others than ASCII as xn--…), or an address; of IPv6 without its brackets."""
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]+")


class Origin(Struct, frozen=True):
    """What two URLs must share to be of one service."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")


class NoUrl(Exception):
    """What is wrong with a text that is to be a URL; who asked says it with its place. Never the text."""


def split(text: str) -> tuple[Origin, SplitResult]:
    """Raises NoUrl.

    >>> split("https://API.example.com/v2?page=2")[0]
    Origin(scheme='https', host='api.example.com', port=443)
    """
    if not _PLAIN.fullmatch(text):
        raise NoUrl("holds a space, a backslash or what is not ASCII")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise NoUrl("has no host and port that can be read") from None
    if parts.scheme not in PORTS:
        raise NoUrl("does not begin with https:// or http://")
    if "@" in parts.netloc:
        raise NoUrl("carries a user or a password")
    host = (parts.hostname or "").lower()
    if not _HOST.fullmatch(host) or port == 0:
        raise NoUrl("has no host and port that can be read")
    return Origin(parts.scheme, host, port or PORTS[parts.scheme]), parts


def checked(text: str, field: str) -> Origin:
    """Of a URL in a project file. Raises BadParameter, which does not show a URL that holds a password."""
    try:
        origin, parts = split(text)
        if parts.query or parts.fragment or "?" in text or "#" in text:
            raise NoUrl("carries a query or a fragment")
        if ".." in parts.path.split("/") or "//" in parts.path or "%2e" in parts.path.lower():
            raise NoUrl("has a path that leads upwards")
    except NoUrl as error:
        way_out = "Write https://HOST/PATH alone; who asks is told under `auth:`, what is asked under `parameters:`"
        raise BadParameter(f"`{field}:` {error}", way_out=way_out) from None
    return origin
