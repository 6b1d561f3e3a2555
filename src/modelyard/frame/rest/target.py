"""Path and query of a request as they are sent: made from typed fields, or taken from what a service links to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote_plus, urlencode, urljoin

from modelyard.errors.connection import ForbiddenAddress, UnfitAnswer
from modelyard.errors.project import BadParameter
from modelyard.schema.url import NoUrl, Origin, split

Plain = str | int | float | bool
SAFE = "/%:@!$&'()*+,;=-._~"


def target(base: str, path: str, parameters: Mapping[str, Plain]) -> str:
    """`base`: the path of the connection's URL; `path`: the step's, below it. Raises BadParameter.

    >>> target("/v2/", "/orders", {"status": "paid up", "all": True})
    '/v2/orders?status=paid+up&all=true'
    """
    if not path.startswith("/") or any(mark in path for mark in ("?", "#", "\\", "//")) or not path.isprintable():
        way_out = "Write what comes after the connection's URL: /orders; a query goes under `parameters:`"
        raise BadParameter(f"{path!r} is no path below the connection's URL", way_out=way_out)
    if any(unquote_plus(part) in (".", "..") for part in path.split("/")):
        raise BadParameter(f"{path!r} leads out of the connection's URL", way_out="Write it without . and ..")
    return put(base.rstrip("/") + quote(path, safe=SAFE), parameters.items())


def put(target: str, parameters: Iterable[tuple[str, Plain]]) -> str:
    """With those parameters, in the place of others of their names.

    >>> put("/orders?page=1&key=a%20b", [("page", 2)])
    '/orders?key=a%20b&page=2'
    """
    pairs = [(name, _word(value)) for name, value in parameters]
    kept = without(target, {name for name, _ in pairs})
    return kept + ("&" if "?" in kept else "?") * bool(pairs) + urlencode(pairs)


def without(target: str, names: set[str]) -> str:
    """What is kept stays as it is written: some services sign it."""
    path, _, query = target.partition("?")
    kept = [one for one in query.split("&") if one and unquote_plus(one.partition("=")[0]) not in names]
    return path + ("?" + "&".join(kept) if kept else "")


def followed(origin: Origin, at: str, link: str, what: str, who: str) -> str:
    """Where a link leads that was found at the target `at`: within the origin alone. Raises ForbiddenAddress,
    UnfitAnswer."""
    try:
        there, parts = split(urljoin(f"{origin}{at}", link.strip()))
    except (NoUrl, ValueError) as error:
        raise UnfitAnswer(f"{what} is no URL: it {error}", who=who) from None
    if there != origin:
        way_out = "Nothing was sent there; name that host in a connection of its own if it is the one to ask"
        raise ForbiddenAddress(f"{what} leads away from {origin}, to {there}", who=who, way_out=way_out)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _word(value: Plain) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
