"""`modelyard serve` without the library that parses all other commands, which a server would carry in memory for ever.

Only words that are plainly right are read here. Whatever is not (a misspelt option, `--help`) is left to the usual
parser and its explanations.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from modelyard.api.connection import Connection
    from modelyard.api.place import Place


class _Unplain(Exception):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Unplain(message)


def serve(words: list[str]) -> bool:
    """Serves until told to stop; False at once where those words are for the usual parser. Raises what it raises."""
    from modelyard.api.place import located
    from modelyard.serve.__main__ import options, start

    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--store")
    options(parser)
    try:
        given = parser.parse_args(words)
    except _Unplain:
        return False
    where = located(given.store, blobs=False)
    where.check()
    start(where.store, champions(where, given.names), given)
    return True


def champions(where: Place, names: list[str]) -> list[str]:
    """The names alone. Those that the pointer names need no database, which would cost the server its fast start.
    Raises UnknownVersion where a name has no champion, or another version of it is meant."""
    from modelyard.store.pointer import read_pointer

    pointed = read_pointer(where.store.pointer)
    if all(name in pointed for name in names):
        return names
    from modelyard.api.connection import opened

    with opened(where) as yard:
        return [_champion(yard, name) for name in names]


def _champion(yard: Connection, text: str) -> str:
    from modelyard.api.reference import resolve
    from modelyard.errors.store import UnknownVersion
    from modelyard.store.versions import champion, point

    with yard.metadata.begin() as sql:
        wanted = resolve(sql, text)
        serving = champion(sql, wanted.model)
    if serving is None or serving[0].version != wanted.version:
        way_out = f"Promote it first: modelyard promote {wanted.model}@{wanted.version}"
        raise UnknownVersion(f"{text} is not the champion, and only champions are served", way_out=way_out)
    point(yard.metadata, yard.store, wanted.model)
    return wanted.model
