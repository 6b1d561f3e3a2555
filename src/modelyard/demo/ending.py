"""The last page: what happened in a screenful, and the exact commands to look at everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def lines(found: dict[str, Any], folder: Path) -> Iterator[str]:
    """Of the document that `summary` gives."""
    yield ""
    yield from _traffic(found)
    yield from _versions(found)
    yield from _decisions(found)
    yield from _commands(found, folder)


def _traffic(found: dict[str, Any]) -> Iterator[str]:
    days = found["days"]
    span = f"{days[0]['day']} to {days[-1]['day']}" if days else "no day yet"
    yield f"{len(days)} days replayed, {span}:"
    yield (
        f"  {found['sent']:,} requests sent, {found['failed']:,} failed, {found['acknowledged']:,} acknowledged; "
        f"{found['logged']:,} are in the lake, {found['labels_joined']:,} of them with their truth."
    )
    yield f"  {found['cancelled']:,} flights were cancelled, so nobody asked about them."


def _versions(found: dict[str, Any]) -> Iterator[str]:
    for one in found["versions"]:
        yield f"Version {one['version']} answered {one['answers']:,} flights from {one['from']} to {one['until']}."


def _decisions(found: dict[str, Any]) -> Iterator[str]:
    yield f"{len(found['verdicts'])} verdicts, {len(found['decisions'])} decisions, {len(found['gates'])} gates tried."
    for one in found["promotions"]:
        yield f"{one['at'][:10]}: version {one['version']} instead of {one['instead_of']}: {one['reason']}"


def _commands(found: dict[str, Any], folder: Path) -> Iterator[str]:
    name, store, example = found["package"]["name"], f"--store {found['store']}", found["example"]
    shown = [
        (f"modelyard status {store}", "what serves, which verdicts stand"),
        (f"modelyard models {name} {store}", "every version"),
        (f"modelyard history {name} {store}", "every verdict, decision, gate and promotion, with its reason"),
        (f"modelyard history --request {example} {store}", "one flight: what was asked, answered, and true"),
        (f"modelyard check {folder / 'modelyard.yaml'} --expand", "the project, every step of every candidate"),
    ]
    width = max(len(command) for command, _ in shown)
    yield ""
    yield "To look at everything:"
    yield from (f"  {command:{width}}  {why}" for command, why in shown)
