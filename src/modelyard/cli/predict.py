"""`modelyard predict MODEL IN -o OUT`: a whole file, in constant memory, by the program that serves."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.options import Json, Store
from modelyard.cli.output import document
from modelyard.cli.progress import bar

EVERY = 0.5
"""Seconds between two signs of progress."""


def command(
    model: Annotated[str, typer.Argument(help="A package's folder, NAME, NAME@champion, NAME@3, or a digest.")],
    source: Annotated[str, typer.Argument(metavar="IN", help="A table, in any file that a read step reads.")],
    output: Annotated[str, typer.Option("--output", "-o", help="Where the answers go: .csv or .parquet.")],
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", help="Between the values of a CSV file; found when not given.")
    ] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """Predict every row of a file: its id, the prediction, a score per class, warnings. A wrong value names row and
    column, and then nothing is written."""
    from modelyard.api.batch import predict_file
    from modelyard.api.package import Package

    package = Package.load(model, store)
    done = predict_file(package, Path(source), Path(output), delimiter=delimiter, told=_Shown())
    if json:
        document(done)
    else:
        warned = f", {done.warned:,} with a warning" if done.warned else ""
        by = f"{done.package}@{done.version}" if done.version else f"{done.package} ({done.digest[:12]})"
        typer.echo(f"{done.rows:,} rows by {by}{warned}, in {done.seconds:.1f} s: {done.output}")


class _Shown:
    """A bar on standard error, where a person looks on."""

    def __init__(self) -> None:
        self._drawn = 0.0

    def __call__(self, done: int, total: int) -> None:
        end = done >= total
        if not sys.stderr.isatty() or (time.monotonic() - self._drawn < EVERY and not end):
            return
        self._drawn = time.monotonic()
        sys.stderr.write(f"\r{bar(done, total)}\x1b[K" + ("\n" if end else ""))
        sys.stderr.flush()
