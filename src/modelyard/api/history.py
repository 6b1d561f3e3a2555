"""What happened: who changed what (the audit log) and what the loop saw and decided (its records).

Changes made by hand carry the time of the clock; the loop's records carry event time, which in a replay is another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from modelyard.api.connection import Connection
from modelyard.api.pins import words
from modelyard.errors.store import UnknownVersion
from modelyard.loop.logged import Label, Prediction, read
from modelyard.schema.pin import Input
from modelyard.store.audit import entries, verify
from modelyard.store.lake import Lake
from modelyard.store.records import all_records
from modelyard.store.segments import read_segment, segments
from modelyard.store.shipping import models, positions
from modelyard.store.versions import Version, listed


class Event(Struct, frozen=True, kw_only=True):
    """`what`: promote, verdict, decision, gate … `document`: everything that was written down then."""

    at: int
    what: str
    model: str
    actor: str
    document: dict[str, Any]


class Served(Struct, frozen=True, kw_only=True):
    """Which version of a model was the champion at a time."""

    model: str
    version: int
    digest: str
    since: int


class Request(Struct, frozen=True, kw_only=True):
    """One answer that was given, what gave it, and the truth where it came."""

    id: str
    model: str
    version: int | None
    package: str
    revision: int
    event: int
    received: int
    row: Any
    prediction: Any
    scores: tuple[float, ...]
    warnings: Any
    label: Any
    labelled: int | None
    shipped: bool


OWN_BOOKS = ("watched", "watch", "notice", "promotion", "rollback", "gathered")
"""Records that the loop keeps for itself, one for each look; and promotions, which the audit log has too."""


def history(yard: Connection, model: str | None = None, *, everything: bool = False) -> list[Event]:
    """Oldest first. `everything`: each look of each monitor too. The audit log is followed to its end: raises
    AuditBroken where it does not hold."""
    with yard.metadata.begin() as sql:
        verify(sql)
        audited = [
            Event(at=e.at, what=e.action, model=str(e.document.get("model", "")), actor=e.actor, document=e.document)
            for e in entries(sql)
        ]
        made = [
            Event(at=r.at, what=r.kind, model=r.model, actor="loop", document=r.document)
            for r in all_records(sql, model)
            if everything or r.kind not in OWN_BOOKS
        ]
        born = [event for version in listed(sql) if (event := _born(version)) is not None]
    return sorted((e for e in (*born, *audited, *made) if model in (None, e.model)), key=lambda event: event.at)


def _born(version: Version) -> Event | None:
    """What a version was made of, where that was written down."""
    facts: dict[str, Any] = msgspec.json.decode(version.document)
    if not facts.get("input"):
        return None
    read = msgspec.convert(facts["input"], Input)
    told = {
        "version": version.version,
        "digest": version.digest,
        "run": version.run,
        "summary": f"made of {words(read)}",
    }
    actor = "loop" if facts.get("parent") else "run"
    return Event(at=version.created, what="version", model=version.model, actor=actor,
                 document={**told, "input": facts["input"]})  # fmt: skip


def served_at(yard: Connection, at: int, model: str | None = None) -> list[Served]:
    """The champions at that time (microseconds), by the audit log."""
    found: dict[str, Served] = {}
    with yard.metadata.begin() as sql:
        changes = entries(sql, "promote")
    for change in changes:
        facts = change.document
        if change.at <= at and facts["alias"] == "champion" and model in (None, facts["model"]):
            found[facts["model"]] = Served(
                model=facts["model"], version=facts["to"], digest=facts["digest"], since=change.at
            )
    return sorted(found.values(), key=lambda served: served.model)


def requests(yard: Connection, id_: str) -> list[Request]:
    """Every answer under that id (one per model), shipped or not yet. Raises UnknownVersion when there is none."""
    found = [*_shipped(yard, id_), *_unshipped(yard, id_)]
    if not found:
        way_out = "Check the id; rows older than `log: {keep}` are gone, and so is what was forgotten"
        raise UnknownVersion(f"no request {id_!r} is on record", who="history", way_out=way_out)
    return found


def _shipped(yard: Connection, id_: str) -> Iterator[Request]:
    import polars as pl

    frame = Lake(yard.store.lake).scan("predictions").filter(pl.col("id") == id_).collect()
    labels = Lake(yard.store.lake).scan("labels").filter(pl.col("id") == id_).sort("labelled").collect()
    versions = _versions(yard)
    truths = {label["model"]: label for label in labels.to_dicts()}
    for row in frame.to_dicts():
        label = truths.get(row["model"])
        yield Request(
            id=id_,
            model=row["model"],
            version=versions.get(row["package"]),
            package=row["package"],
            revision=row["revision"],
            event=row["event"],
            received=row["received"],
            row=msgspec.json.decode(row["row"]),
            prediction=msgspec.json.decode(row["prediction"]),
            scores=tuple(row["scores"]),
            warnings=msgspec.json.decode(row["warnings"]),
            label=msgspec.json.decode(label["values"]) if label else None,
            labelled=label["labelled"] if label else None,
            shipped=True,
        )


def _unshipped(yard: Connection, id_: str) -> Iterator[Request]:
    """What the shipper has not taken yet: read from the segments, from where it stands."""
    with yard.metadata.begin() as sql:
        done, names = positions(sql), models(sql)
    versions, needle = _versions(yard), id_.encode()
    answers: dict[str, Prediction] = {}
    labels: list[Label] = []
    for path in segments(yard.store.segments):
        for line in read_segment(path, done.get(path.name, 0)):
            record = read(line.record) if line.record is not None and needle in line.record else None
            if isinstance(record, Prediction) and record.id == id_:
                answers.setdefault(record.package, record)
            elif isinstance(record, Label) and record.id == id_:
                labels.append(record)
    for package, answer in answers.items():
        yield Request(
            id=id_,
            model=names.get(package, ""),
            version=versions.get(package),
            package=package,
            revision=answer.revision,
            event=answer.event,
            received=answer.received,
            row=msgspec.json.decode(answer.row),
            prediction=msgspec.json.decode(answer.prediction),
            scores=answer.scores,
            warnings=msgspec.json.decode(answer.warnings),
            label=labels[-1].values if labels else None,
            labelled=labels[-1].received if labels else None,
            shipped=False,
        )


def _versions(yard: Connection) -> dict[str, int]:
    with yard.metadata.begin() as sql:
        return {version.digest: version.version for version in listed(sql)}
