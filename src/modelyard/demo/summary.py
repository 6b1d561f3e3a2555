"""What happened, as one document: the run, the traffic, what the loop decided and why, who served when.

Counts come from where they are true: what was sent and acknowledged from the client, what is logged and labelled from
the lake, decisions and promotions from the metadata.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from modelyard.demo.progress import Progress
from modelyard.loop.promote import Promotion, promotions
from modelyard.run.result import Result
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import Record, Run, all_records, read_runs
from modelyard.store.versions import listed

DECISION, GATE, VERDICT = "decision", "gate", "verdict"


def summary(result: Result, progress: Progress, store: Store, metadata: Metadata, url: str | None) -> dict[str, Any]:
    """The document of `--json`. Times are instants in UTC; `url` is None when nothing serves any more."""
    name = result.package.name
    with metadata.begin() as sql:
        records, runs, changes = all_records(sql, name), read_runs(sql), promotions(sql, name)
        numbers = {version.digest: version.version for version in listed(sql, name)}
    found = msgspec.to_builtins(result)
    return {
        "rows": result.rows,
        "unlabelled": result.unlabelled,
        "metric": result.metric,
        "candidates": [_candidate(one) for one in found["candidates"]],
        "winner": result.winner,
        "why": result.why,
        "holdout": found["holdout"],
        "package": {"name": name, "version": result.package.version, "digest": result.package.digest},
        "parity": _parity(found["parity"]),
        **_traffic(progress),
        **_shipped(store, name),
        "days": [msgspec.to_builtins(entry) for entry in progress.finished],
        "verdicts": [_told(one) for one in records if one.kind == VERDICT],
        "decisions": list(_decisions(records, runs)),
        "gates": [_told(one) for one in records if one.kind == GATE],
        "promotions": [_promotion(one) for one in changes],
        "versions": list(_versions(progress, numbers)),
        "seconds": {"run": result.seconds},
        "serving": url,
        "store": str(store.root),
    }


def _candidate(standing: dict[str, Any]) -> dict[str, Any]:
    return {**standing, "scores": standing["folds"]}


def _parity(parity: dict[str, Any]) -> dict[str, Any]:
    return {"class": parity["equality"], **{name: value for name, value in parity.items() if name != "equality"}}


def _traffic(progress: Progress) -> dict[str, int]:
    """The days that are done and the one under way."""
    days, tally = progress.finished, progress.tally
    return {
        "sent": sum(day.requests for day in days) + tally.sent,
        "failed": sum(day.failures for day in days) + tally.failed + tally.labels_failed,
        "acknowledged": sum(day.acknowledged for day in days) + tally.acknowledged,
        "labels_sent": sum(day.labels for day in days) + tally.labels,
        "cancelled": sum(day.cancelled for day in days),
    }


def _shipped(store: Store, name: str) -> dict[str, Any]:
    import polars as pl

    lake, ours = Lake(store.lake), pl.col("model") == name
    logged = lake.scan("predictions").filter(ours).select("id").unique().collect()["id"]
    joined = lake.scan("labels").filter(ours).select("id").unique().collect()["id"]
    known = joined if len(joined) else logged
    return {"logged": len(logged), "labels_joined": len(joined), "example": known.min() if len(known) else ""}


def _told(one: Record) -> dict[str, Any]:
    return {"at": instant(one.at), **one.document}


def _decisions(records: list[Record], runs: list[Run]) -> Iterator[dict[str, Any]]:
    """Each time the loop was asked to retrain: whether it did, why or why not, and how it ended."""
    ended = {run.id: {"status": run.status, "reason": run.document.get("reason", "")} for run in runs}
    for one in records:
        if one.kind == DECISION:
            run = str(one.document.get("run", ""))
            yield {"at": instant(one.at), **one.document, **({"outcome": ended[run]} if run in ended else {})}


def _promotion(made: Promotion) -> dict[str, Any]:
    """`before` and `after` are of the same rows."""
    gate = made.gate
    numbers = {name: gate.get(name) for name in ("metric", "before", "after", "rows", "days", "loss", "gain", "bound")}
    return {
        "at": instant(made.at),
        "version": made.version,
        "instead_of": made.replaced,
        **numbers,
        "confidence": gate.get("confidence"),
        "gates_tried": gate.get("tried"),
        "actor": made.actor,
        "reason": made.reason,
    }


def _versions(progress: Progress, numbers: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Who served when, as the replies themselves say it."""
    for seen in sorted(progress.serving.values(), key=lambda one: one.first):
        yield {
            "version": numbers.get(seen.digest),
            "digest": seen.digest,
            "revision": seen.revision,
            "from": seen.first,
            "until": seen.last,
            "answers": seen.rows,
        }


def instant(microseconds: int) -> str:
    """
    >>> instant(1_364_774_400_000_000)
    '2013-04-01T00:00:00Z'
    """
    return f"{datetime.fromtimestamp(microseconds / 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
