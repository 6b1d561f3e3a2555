"""The stream tells everybody, in order."""

from __future__ import annotations

import msgspec

from modelyard.run.events import AnyEvent, Finished, Progress, Stream


def test_every_subscriber_hears_every_event_in_order() -> None:
    first: list[AnyEvent] = []
    second: list[AnyEvent] = []
    stream = Stream(first.append)
    stream.emit(Progress(step="learn", done=1, total=2))
    stream.subscribe(second.append)
    stream.emit(Finished(winner="model.ridge", package="p", seconds=1.0))
    assert [type(event).__name__ for event in first] == ["Progress", "Finished"]
    assert second == first[1:]


def test_events_go_through_json_and_come_back() -> None:
    event = Progress(run="r1", step="learn", done=1, total=2, cached=1)
    assert msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) == event
