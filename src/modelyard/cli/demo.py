"""`modelyard demo`: the whole loop on real flights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Option("--folder", help="Where the project is written.")] = Path("flights-demo"),
    days: Annotated[int | None, typer.Option("--days", min=1, help="So many days of the replay, not all 183.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End with the summary instead of staying up.")] = False,
    port: Annotated[int | None, typer.Option("--port", help="Of the server; 8080 or the next free one.")] = None,
    cores: Annotated[int | None, typer.Option("--cores", min=1, help="To train on; all when not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Real flights of 2013: train, package, serve, replay live traffic, watch, retrain, promote. Ctrl-C and the same
    command go on where it was."""
    import sys

    from modelyard.cli.output import document
    from modelyard.cli.progress import Shown
    from modelyard.demo.ending import lines
    from modelyard.demo.story import Wishes, told
    from modelyard.run.events import Stream

    wishes = Wishes(folder=folder, days=days, port=port, cores=cores)
    try:
        with told(wishes, sys.stderr, Stream(Shown())) as ended:
            if json:
                document(ended.found)
            else:
                for line in lines(ended.found, folder):
                    typer.echo(line)
            if not once:
                ended.stay()
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on from here.\n")
        raise typer.Exit(130) from None
