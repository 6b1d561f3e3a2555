"""`modelyard serve [NAME…]`: this process becomes the prediction server, so every signal reaches it itself.

Words that are right go past this, through direct.py, with the same result; here is what they may be.
"""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.options import Port, Store


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
    without: Annotated[
        list[str] | None, typer.Option("--without", help="One more column that the log never holds.")
    ] = None,
    ready_file: Annotated[
        str | None, typer.Option("--ready-file", help="Where pid, host and port are written once it listens.")
    ] = None,
    store: Store = None,
) -> None:
    """Serve champions over HTTP until SIGTERM or Ctrl-C. A promotion is taken over within a second."""
    from modelyard.api.place import located
    from modelyard.cli.direct import champions
    from modelyard.serve.__main__ import main

    where = located(store, blobs=False)
    where.check()
    words = [str(where.store.root), *champions(where, names or []), "--host", host]
    options = {"port": port, "durability": durability, "token-file": token_file, "ready-file": ready_file}
    for option, value in options.items():
        words += [] if value is None else [f"--{option}", str(value)]
    words += [word for column in without or [] for word in ("--without", column)]
    raise typer.Exit(main(words))
