"""One SELECT, taken apart just so far: which tables it reads, which columns it hands through as they are.

What runs it could also read files and list what it knows, so whatever is no SELECT over the tables given is refused
here, before it gets there. What is not understood counts as made, never as handed through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from modelyard.errors import did_you_mean
from modelyard.errors.data import BadQuery

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>--|/\*)|(?P<text>'(?:[^']|'')*')|(?P<quoted>"[^"]+"|`[^`]+`)"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<number>\d[\w.]*)|(?P<sign>.)""",
    re.DOTALL,
)
_ENDS = frozenset({"where", "group", "having", "order", "limit", "offset", "union", "intersect", "except", "window"})
_READS = re.compile(r"(read|scan)_\w+", re.IGNORECASE)
LENGTH = 20_000


class Token(Struct, frozen=True):
    sort: str
    text: str

    @property
    def word(self) -> str:
        """A bare word in small letters; of anything else nothing."""
        return self.text.lower() if self.sort == "word" else ""

    @property
    def name(self) -> str | None:
        return self.text if self.sort == "word" else self.text[1:-1] if self.sort == "quoted" else None


class Query(Struct, frozen=True):
    tokens: tuple[Token, ...]
    items: tuple[tuple[Token, ...], ...]
    """What a plain `SELECT … FROM …` selects; nothing where queries stand in one another."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(token.name for token in self.tokens if token.name is not None))

    @property
    def every(self) -> bool:
        """Whether it has a plain `*`."""
        return any(_plain(item) == "*" for item in self.items)

    @property
    def through(self) -> tuple[str, ...]:
        """The columns that are named and nothing else."""
        return tuple(name for item in self.items if (name := _plain(item)) not in (None, "*"))

    @property
    def ordered(self) -> bool:
        """Whether the order of its rows is said, or is that of the one table it reads."""
        words = {token.word for token in self.tokens}
        return "order" in words or not words & {"group", "distinct", "union", "intersect", "except", "join", "with"}

    def of(self, column: str) -> tuple[str, ...] | None:
        """The names in what makes that column; None where that is not clear."""
        for item in self.items:
            if len(item) > 2 and item[-2].word == "as" and item[-1].name == column:
                return tuple(token.name for token in item[:-2] if token.name is not None)
        return None


def query(text: str, tables: Iterable[str]) -> Query:
    """BadQuery for anything but one SELECT over those tables.

    >>> query("SELECT a, b + 1 AS c FROM rows", ["rows"]).through
    ('a',)
    """
    if len(text) > LENGTH:
        raise BadQuery(f"a query of {len(text)} characters is longer than {LENGTH}")
    found = tuple(_tokens(text.strip().removesuffix(";")))
    words = [token.word for token in found]
    if not found or words[0] not in ("select", "with"):
        raise BadQuery(f"it begins with {found[0].text!r}" if found else "it is empty")
    if any(token.text == ";" for token in found):
        raise BadQuery("it is more than one statement")
    read = next((word for word in words if _READS.fullmatch(word)), None)
    if read:
        raise BadQuery(f"{read} reads a file", way_out="Read it with a read.* step and name that by `after:`")
    _only(found, {*tables, *_named_queries(found)})
    return Query(found, tuple(_items(found)) if words.count("select") == 1 and words[0] == "select" else ())


def _tokens(text: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(text):
        sort = found.lastgroup or ""
        if sort == "comment":
            raise BadQuery("it holds a comment", way_out="Put the comment outside of the query")
        if sort != "space":
            yield Token(sort, found[0])


def _named_queries(tokens: tuple[Token, ...]) -> set[str]:
    """`WITH name AS (`."""
    return {
        a.name
        for a, b, c in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if a.name is not None and b.word == "as" and c.text == "("
    }


def _only(tokens: tuple[Token, ...], tables: set[str]) -> None:
    """Behind FROM, JOIN and the commas between tables stand only tables that are there, or queries in brackets."""
    queries, listing = [False], [False]
    for place, token in enumerate(tokens):
        if token.text == "(":
            queries.append(False)
            listing.append(False)
        elif token.text == ")" and len(queries) > 1:
            queries.pop()
            listing.pop()
        elif token.word == "select":
            queries[-1], listing[-1] = True, False
        elif token.word in _ENDS:
            listing[-1] = False
        elif _reads(tokens, place, queries[-1]):
            listing[-1] = True
            _table(tokens, place + 1, tables)
        elif token.text == "," and listing[-1]:
            _table(tokens, place + 1, tables)


def _reads(tokens: tuple[Token, ...], place: int, query: bool) -> bool:
    """Whether a table stands behind this word: not behind `IS DISTINCT FROM` and `extract(hour FROM …)`."""
    word, before = tokens[place].word, tokens[place - 1] if place else Token("sign", "")
    if word == "from":
        compares = before.word == "distinct" and place >= 2 and tokens[place - 2].word in ("is", "not")
        return before.text == "(" or (query and not compares)
    return word == "join" or (word == "table" and (before.text == "(" or before.word in (*_ENDS, "all")))


def _table(tokens: tuple[Token, ...], place: int, tables: set[str]) -> None:
    while place < len(tokens) and tokens[place].text == "(":
        place += 1
        if place < len(tokens) and tokens[place].word in ("select", "with", "values", "from", "table"):
            return
    if place >= len(tokens):
        raise BadQuery("it ends where a table should stand")
    name = tokens[place].name
    follows = tokens[place + 1].text if place + 1 < len(tokens) else ""
    if name is None or name not in tables or follows in ("(", "."):
        raise BadQuery(f"there is no table {tokens[place].text}", way_out=did_you_mean(name or "", tables))


def _items(tokens: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    """What stands between SELECT and its FROM, at the commas outside of brackets."""
    item: list[Token] = []
    deep = 0
    for token in tokens[2 if len(tokens) > 1 and tokens[1].word in ("distinct", "all") else 1 :]:
        deep += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        if deep == 0 and token.word == "from" and not (item and item[-1].word == "distinct"):
            break
        if deep == 0 and token.text == ",":
            yield tuple(item)
            item = []
        else:
            item.append(token)
    yield tuple(item)


def _plain(item: tuple[Token, ...]) -> str | None:
    """`*`, or the column that the item is and nothing more."""
    if len(item) == 3 and item[1].text == ".":
        item = item[2:]
    if len(item) != 1:
        return None
    return "*" if item[0].text == "*" else item[0].name
