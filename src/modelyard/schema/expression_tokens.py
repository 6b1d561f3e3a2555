"""An expression's text as tokens: numbers, names, texts and signs, each with its place."""

from __future__ import annotations

import re

from msgspec import Struct

from modelyard.errors.data import BadExpression

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<name>[^\W\d]\w*)|`(?P<quoted>[^`]+)`
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<sign>==|!=|<=|>=|[-+*/<>(),\[\]])|(?P<other>\S))""",
    re.VERBOSE,
)
_HINTS = {
    "=": "equality is written ==",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`, or != for unequal",
    '"': "a text ends with the quote that it began with",
    "'": "a text ends with the quote that it began with",
}


class Token(Struct, frozen=True):
    sort: str
    """`number`, `name`, `quoted` (a name in backticks), `text`, `sign`, and `end` for the last one."""
    value: str
    at: int
    """Where in the text it starts, from 0."""


def tokens(text: str) -> list[Token]:
    """
    >>> [token.value for token in tokens("x <= 2.5")]
    ['x', '<=', '2.5', '']
    """
    found, at, end = list[Token](), 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            break
        value, start = match[match.lastgroup], match.start(match.lastgroup)
        if match.lastgroup == "other":
            raise bad(text, f"{value!r} means nothing here", start, _HINTS.get(value, ""))
        found.append(Token(match.lastgroup, value, start))
        at = match.end()
    return [*found, Token("end", "", end)]


def bad(text: str, found: str, at: int, way_out: str = "") -> BadExpression:
    """An error that points at the place."""
    return BadExpression(found, where=f"{text!r}, character {at + 1}", way_out=way_out)
