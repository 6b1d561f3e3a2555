"""A day of traffic sent to the server as airlines would: one request a flight, several at once, truths in batches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import Struct

from modelyard.demo.client import Answer, Ask, Client
from modelyard.demo.progress import Progress, Serving, Tally, merge
from modelyard.demo.traffic import Day, Flight, Hour

BATCH = 500
"""Truths per request."""


class _Reply(Struct):
    version: int
    digest: str
    revision: int


class _Accepted(Struct):
    accepted: int


_reply = msgspec.json.Decoder(_Reply).decode
_accepted = msgspec.json.Decoder(_Accepted).decode


def replay(client: Client, model: str, day: Day, progress: Progress, keep: Callable[[], None]) -> None:
    """Send what is left of the day. `keep` is called whenever an hour is done; an hour cut short leaves no trace in
    `progress`. Raises ServerGone."""
    for hour in day.hours[progress.hours :]:
        tally = Tally()
        _flights(client, model, hour, tally)
        _truths(client, model, hour, tally)
        _add(progress.tally, tally)
        progress.hours += 1
        keep()


def _flights(client: Client, model: str, hour: Hour, tally: Tally) -> None:
    path = f"/v1/models/{model}/predict"

    def heard(ask: Ask, answer: Answer) -> None:
        tally.sent += 1
        if not answer.good:
            tally.failed += 1
            return
        tally.acknowledged += 1
        tally.waits.append(round(answer.seconds * 1_000_000))
        reply = _reply(answer.body)
        when = _instant(hour.flights[ask.key].departs)
        merge(tally.serving, reply.digest, Serving(reply.version, reply.digest, reply.revision, 1, when, when))

    client.send([Ask(path, flight.body, key) for key, flight in enumerate(hour.flights)], heard)


def _truths(client: Client, model: str, hour: Hour, tally: Tally) -> None:
    path = f"/v1/models/{model}/labels"

    def heard(ask: Ask, answer: Answer) -> None:
        if answer.good:
            tally.labels += _accepted(answer.body).accepted
        else:
            tally.labels_failed += 1

    batches = [hour.truths[start : start + BATCH] for start in range(0, len(hour.truths), BATCH)]
    client.send([Ask(path, _labels(batch)) for batch in batches], heard)


def _labels(batch: tuple[Flight, ...]) -> bytes:
    return msgspec.json.encode({"labels": [{"id": flight.id, "arr_delay": flight.delay} for flight in batch]})


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _add(tally: Tally, more: Tally) -> None:
    tally.sent += more.sent
    tally.failed += more.failed
    tally.acknowledged += more.acknowledged
    tally.labels += more.labels
    tally.labels_failed += more.labels_failed
    tally.waits += more.waits
    for name, seen in more.serving.items():
        merge(tally.serving, name, seen)
