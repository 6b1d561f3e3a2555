"""`modelyard serve [NAME…]`: this process becomes the prediction server, so every signal reaches it itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.options import Port, Store

if TYPE_CHECKING:
    from modelyard.api.connection import Connection
    from modelyard.api.place import Place


def command(
    names: Annotated[list[str] | None, typer.Argument(help="Models; all champions when none is given.")] = None,
    host: Annotated[str, typer.Option("--host", help="Beyond this machine only with a token.")] = "127.0.0.1",
    port: Port = None,
    durability: Annotated[
        str | None, typer.Option("--durability", help="fsync, os or off, instead of what the project file says.")
    ] = None,
    token_file: Annotated[
        str | None, typer.Option("--token-file", help="A file with at least 32 characters: then Bearer is required.")
    ] = None,
    ready_file: Annotated[
        str | None, typer.Option("--ready-file", help="Where pid, host and port are written once it listens.")
    ] = None,
    store: Store = None,
) -> None:
    """Serve champions over HTTP until SIGTERM or Ctrl-C. A promotion is taken over within a second."""
    from modelyard.api.place import located
    from modelyard.serve.__main__ import main

    where = located(store)
    where.check()
    words = [str(where.store.root), *_served(where, names or []), "--host", host]
    options = {"port": port, "durability": durability, "token-file": token_file, "ready-file": ready_file}
    for option, value in options.items():
        words += [] if value is None else [f"--{option}", str(value)]
    raise typer.Exit(main(words))


def _served(where: Place, names: list[str]) -> list[str]:
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
