"""`python -m modelyard.serve STORE [NAME …] [--port N] …`: the server without the rest of the command line, so that a
machine with only the serving install starts it, and starts it fast."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from modelyard.errors import ModelyardError
from modelyard.serve.server import serve
from modelyard.store.place import Store


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m modelyard.serve", description=__doc__)
    parser.add_argument("store", type=Path, help="the folder .modelyard")
    options(parser)
    given = parser.parse_args(arguments)
    try:
        start(Store(given.store), given.names, given)
    except ModelyardError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit
    return 0


def options(parser: argparse.ArgumentParser) -> None:
    """What every way to start a server can be told."""
    parser.add_argument("names", nargs="*", help="models; all that the pointer names when none is given")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, help="8080 or the next free one when not given; 0 chooses any")
    parser.add_argument("--durability", choices=("fsync", "os", "off"), help="instead of what was deployed")
    parser.add_argument("--token-file", type=Path, help="a file with at least 32 characters; then Bearer is required")
    parser.add_argument("--without", action="append", default=[], help="one more column that the log never holds")
    parser.add_argument("--ready-file", type=Path, help="where pid, host and port are written once it listens")


def start(store: Store, names: list[str], given: argparse.Namespace) -> None:
    """Serve as `options` were given. Raises what `serve` raises."""
    serve(store, names, given.host, given.port, given.durability, given.token_file, given.without, given.ready_file)


def _port(text: str) -> int:
    if not 0 <= (port := int(text)) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not in 0..65535")
    return port


if __name__ == "__main__":
    raise SystemExit(main())
