"""`modelyard history [NAME]`: what happened and why; who served at a time; what became of one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelyard.cli.options import Json, Store
from modelyard.cli.output import columns, document
from modelyard.cli.when import moment, shown

if TYPE_CHECKING:
    from modelyard.api.connection import Connection
    from modelyard.api.history import Event, Request


def command(
    name: Annotated[str | None, typer.Argument(help="Only this model.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="Which versions served then: 2013-04-01, 2013-04-01T05:00Z.")]
    = None,
    request: Annotated[str | None, typer.Option("--request", help="The id of a prediction: what answered, and how.")]
    = None,
    everything: Annotated[bool, typer.Option("--all", help="Each look of each monitor too.")] = False,
    store: Store = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Changes, verdicts and decisions, oldest first. The audit log is checked on the way."""
    from modelyard.api.connection import connect
    from modelyard.api.history import history

    with connect(store) as yard:
        if request is not None:
            _request(yard, request, json)
        elif at is not None:
            _at(yard, moment(at), name, json)
        else:
            _history(history(yard, name, everything=everything), json)


def _history(events: list[Event], json: bool) -> None:
    if json:
        document(events)
    elif not events:
        typer.echo("Nothing has happened yet.")
    else:
        lines = [(shown(e.at), e.model, e.what, e.actor, told(e.document)) for e in events]
        columns([("WHEN (UTC)", "MODEL", "WHAT", "BY", ""), *lines])


def told(facts: dict[str, Any]) -> str:
    """
    >>> told({"from": 1, "to": 2, "reason": "better", "digest": "ab"})
    'better, from 1, to 2'
    >>> told({"retrain": True, "reason": "every 30d"}), told({"kind": "drifted", "summary": "age has drifted"})
    ('retrain: every 30d', 'drifted: age has drifted')
    """
    first = [str(facts[name]) for name in ("kind", "summary", "reason") if facts.get(name)]
    for name, yes, no in (("retrain", "retrain", "no retraining"), ("passed", "passed", "refused")):
        if name in facts:
            first.insert(0, yes if facts[name] else no)
    rest = [f"{name} {facts[name]}" for name in ("from", "to", "version") if facts.get(name) is not None]
    return ", ".join([": ".join(first), *rest] if first else rest)


def _at(yard: Connection, at: int, name: str | None, json: bool) -> None:
    from modelyard.api.history import served_at

    found = served_at(yard, at, name)
    if json:
        document(found)
    elif not found:
        typer.echo(f"Nothing served at {shown(at)}.")
    else:
        columns([(f"{s.model}@{s.version}", s.digest[:12], f"since {shown(s.since)}") for s in found])


def _request(yard: Connection, id_: str, json: bool) -> None:
    from modelyard.api.history import requests

    found = requests(yard, id_)
    if json:
        document(found)
        return
    for request in found:
        columns(_facts(request))


def _facts(request: Request) -> list[tuple[str, str]]:
    label = f"{request.label} (received {shown(request.labelled)})" if request.label is not None else "not known yet"
    return [
        ("request", request.id),
        ("answered by", f"{request.model}@{request.version or '?'}, package {request.package[:12]}"),
        ("event", shown(request.event)),
        ("received", shown(request.received)),
        ("row", str(request.row)),
        ("prediction", f"{request.prediction}, scores {list(request.scores)}"),
        ("warnings", str(request.warnings or "none")),
        ("label", label),
        ("in the lake", "yes" if request.shipped else "not yet"),
    ]
