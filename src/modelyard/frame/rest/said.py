"""What an answer says beside its rows: the next page, a cursor, how many rows there are."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from modelyard.errors.connection import UnfitAnswer
from modelyard.frame.objects import UNREADABLE

Said = None | bool | int | float | str
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"[^"]*"|[^\s",;]+))?)*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))', re.IGNORECASE)


def at(body: bytes, path: str, place: str, who: str) -> Said:
    """The plain value under those keys, joined by dots (a key may hold dots itself); None where there is none. Raises
    UnfitAnswer where it is a list or an object.

    >>> at(b'{"meta": {"next": "b"}, "@odata.next": "c"}', "meta.next", "", ""), at(b'{"@o.n": "c"}', "@o.n", "", "")
    ('b', 'c')
    """
    raw = _under(body, path)
    try:
        value = None if raw is None else msgspec.json.decode(raw)
    except UNREADABLE as error:
        raise UnfitAnswer(f"{path!r} cannot be read: {error}", who=who, where=place) from None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UnfitAnswer(f"{path!r} is no plain value", who=who, where=place, way_out="Check `paging:` of the step")


def _under(body: bytes, path: str) -> bytes | None:
    try:
        members = _MEMBERS.decode(body)
    except UNREADABLE:
        return None
    if path in members:
        return bytes(members[path])
    words = path.split(".")
    for place in range(len(words) - 1, 0, -1):
        name = ".".join(words[:place])
        if name in members:
            return _under(bytes(members[name]), ".".join(words[place:]))
    return None


def null(body: bytes, path: str) -> bool:
    """Whether those keys hold null: some services send it for no rows."""
    return _under(body, path) == b"null"


def members(body: bytes) -> list[str]:
    """The first keys of an object."""
    try:
        return list(_MEMBERS.decode(body))[:20]
    except UNREADABLE:
        return []


def next_link(header: str) -> str | None:
    """The target of rel="next" in a Link header.

    >>> next_link('</a?p=1>; rel="prev", </a?p=3>; title="x, y"; rel="last next"')
    '/a?p=3'
    """
    return next((link for link, rel in _links(header) if "next" in rel.lower().split()), None)


def _links(header: str) -> Iterator[tuple[str, str]]:
    for found in _LINK.finditer(header[:16_384]):
        rel = _REL.search(found[2])
        if rel:
            yield found[1], rel[1] or rel[2] or ""
