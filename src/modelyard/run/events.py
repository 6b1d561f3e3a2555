"""What a run says while it works: typed events on a stream that anybody may subscribe to.

Why a stream and not a logger: the command line draws it, the studio sends it on, a test counts it, and none of them
knows the others.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True, tag_field="event"):
    """Something that happened in the run `run`."""

    run: str = ""


class Started(Event, frozen=True, kw_only=True, tag="started"):
    name: str
    rows: int
    candidates: tuple[str, ...]
    folds: int


class Progress(Event, frozen=True, kw_only=True, tag="progress"):
    """`done` of `total` pieces of `step`; `cached` of them were not done again."""

    step: str
    done: int
    total: int
    cached: int = 0


class Standing(Event, frozen=True, kw_only=True, tag="standing"):
    """A candidate's scores so far."""

    candidate: str
    folds: tuple[float, ...]


class Finished(Event, frozen=True, kw_only=True, tag="finished"):
    winner: str
    package: str
    seconds: float


class Failed(Event, frozen=True, kw_only=True, tag="failed"):
    message: str


AnyEvent = Started | Progress | Standing | Finished | Failed
Subscriber = Callable[[AnyEvent], None]


class Stream:
    """
    >>> heard: list[str] = []
    >>> stream = Stream(lambda event: heard.append(type(event).__name__))
    >>> stream.emit(Progress(step="learn", done=1, total=2))
    >>> heard
    ['Progress']
    """

    def __init__(self, *subscribers: Subscriber) -> None:
        self._subscribers = list(subscribers)

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def emit(self, event: AnyEvent) -> None:
        for subscriber in self._subscribers:
            subscriber(event)
