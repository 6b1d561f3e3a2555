"""`modelyard serve [NAME…]`: this process becomes the prediction server, so every signal reaches it itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.options import Port, Store

if TYPE_CHECKING:
    from modelyard.api.connection import Connection


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
    from modelyard.api.connection import connect
    from modelyard.serve.__main__ import main

    with connect(store) as yard:
        words = [str(yard.store.root), *_served(yard, names or []), "--host", host]
    options = {"port": port, "durability": durability, "token-file": token_file, "ready-file": ready_file}
    for option, value in options.items():
        words += [] if value is None else [f"--{option}", str(value)]
    raise typer.Exit(main(words))


def _served(yard: Connection, names: list[str]) -> list[str]:
    """The names alone. Raises UnknownVersion where a name has no champion, or another version of it is meant."""
    from modelyard.api.reference import reference, resolve
    from modelyard.errors.store import UnknownVersion
    from modelyard.store.versions import champion, point

    with yard.metadata.begin() as sql:
        for name in names:
            wanted, serving = resolve(sql, name), champion(sql, reference(name).name)
            if serving is None or serving[0].version != wanted.version:
                way_out = f"Promote it first: modelyard promote {wanted.model}@{wanted.version}"
                raise UnknownVersion(f"{name} is not the champion, and only champions are served", way_out=way_out)
    plain = [reference(name).name for name in names]
    for name in plain:
        point(yard.metadata, yard.store, name)
    return plain
