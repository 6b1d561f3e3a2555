"""`modelyard up [FILE]`: the server and the loop, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.options import Port, Store
from modelyard.cli.when import shown

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from modelyard.api.connection import Connection
    from modelyard.api.loop import Looped
    from modelyard.api.project import Project
    from modelyard.loop.turn import Turned

    Beside = Callable[[threading.Event], AbstractContextManager[object]]
    """What stands beside the loop; it may set the event, which ends the loop."""


def command(
    file: Annotated[str, typer.Argument(help="The project file, or its folder.")] = "modelyard.yaml",
    port: Port = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Whether to start the server too.")] = True,
    pause: Annotated[float, typer.Option("--pause", min=0.1, help="Seconds between turns without news.")] = 5.0,
    cores: Annotated[int | None, typer.Option("--cores", min=1, help="To retrain on; all when not given.")] = None,
    store: Store = None,
) -> None:
    """Serve, ship the log, watch, retrain and promote as the file says. One loop per store."""
    from modelyard.api.connection import opened
    from modelyard.api.project import Project

    project = Project.load(file)
    with opened(project.place(store)) as yard:
        if serve:
            from modelyard.serve.child import Server
            from modelyard.serve.keeper import kept

            with Server(yard.store, port) as server:
                _say(f"Serving {project.head.name}: {server.url}/v1/models/{project.head.name}/predict")
                _turns(project, yard, pause, cores, lambda stop: kept(server, _say, stop.set))
        else:
            _turns(project, yard, pause, cores, nullcontext)


def _turns(project: Project, yard: Connection, pause: float, cores: int | None, beside: Beside) -> None:
    from modelyard.api.loop import looped
    from modelyard.loop.leader import leader
    from modelyard.loop.run import run, stopped_by_signals

    with leader(yard.store):  # a second loop is refused before it opens what the first one holds
        pass
    with stopped_by_signals() as stop, beside(stop), looped(project, yard, cores) as ready:
        _say("The loop runs; Ctrl-C ends it after its turn.")
        run(ready.loop, stop, pause, turned=lambda done: _tell(ready, done), failed=_failed)
    _say("Stopped. The same command goes on from here.")


def _tell(ready: Looped, done: Turned) -> None:
    batches = ready.turned(done)
    for line in news(done):
        _say(f"{shown(done.at)}  {line}")
    for batch in batches:
        _say(f"{shown(batch.period)}  {batch.entry}: {batch.rows:,} rows by version {batch.version}: {batch.output}")


def news(done: Turned) -> Iterator[str]:
    """What a turn did, in lines; nothing where nothing happened."""
    if done.shipped.predictions or done.shipped.labels:
        yield f"shipped {done.shipped.predictions:,} predictions, {done.shipped.labels:,} labels"
    for verdict in done.verdicts:
        yield f"{verdict.kind}: {verdict.summary} (look: {verdict.look}; act: {verdict.act})"
    if done.fired is not None:
        yield f"retraining, asked for by {done.fired.cause.name}: {done.fired.cause.reason}"
    for outcome in done.outcomes:
        version = "" if outcome.version is None else f" version {outcome.version}"
        yield f"retraining{version} {outcome.status}: {outcome.reason}"
    if done.rolled_back is not None:
        yield f"rolled back to version {done.rolled_back.version}: {done.rolled_back.reason}"


def _failed(error: Exception) -> None:
    _say(f"A turn failed and is tried again: {error or type(error).__name__}")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
