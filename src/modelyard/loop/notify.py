"""Tell somebody: a webhook per verdict, promotion or failed retraining, once per target.

In a thread of its own, because the loop must neither wait for somebody's server nor fail with it. A delivery is written
down after it was accepted: a crash between the two sends it twice, under the same `Idempotency-Key`; what was never
accepted is told again by `catch_up`.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from modelyard.loop.notice import Notice
from modelyard.loop.verdict import Verdict, verdicts
from modelyard.loop.watermark import watermark
from modelyard.project.settings import Notify
from modelyard.schema.duration import microseconds
from modelyard.store.metadata import Metadata
from modelyard.store.records import read_records, record
from modelyard.store.versions import champion

DELIVERED, FAILED = "notified", "notify_failed"
RECENT = microseconds("7d")
WAITING = 1_000
"""At most so many messages wait; `catch_up` finds what did not fit."""


class Message(Struct, frozen=True, kw_only=True):
    """`occasion`: broken, drifted, worse, promoted, rolled_back or retrain_failed. `since`, `at`: microseconds of event
    time; written as ISO 8601. `key`: the same message again has the same."""

    occasion: str
    key: str
    model: str
    version: int | None
    """The version that serves."""
    package: str
    what: str
    since: int
    at: int
    evidence: dict[str, Any]
    look: str
    act: str

    @classmethod
    def of(cls, verdict: Verdict) -> Message:
        return cls(
            occasion=verdict.kind,
            key=verdict.key,
            model=verdict.model,
            version=verdict.version,
            package=verdict.package,
            what=verdict.summary,
            since=verdict.since,
            at=verdict.end,
            evidence={"source": verdict.source, "approximate": verdict.approximate, **verdict.evidence},
            look=verdict.look,
            act=verdict.act,
        )

    @classmethod
    def of_notice(cls, notice: Notice, version: int | None, package: str) -> Message:
        """`version`, `package`: what serves now."""
        return cls(
            occasion=notice.occasion,
            key=f"{notice.occasion}:{notice.at}:{hashlib.sha256(notice.summary.encode()).hexdigest()[:16]}",
            model=notice.model,
            version=version,
            package=package,
            what=notice.summary,
            since=notice.at,
            at=notice.at,
            evidence=notice.facts,
            look=notice.look,
            act=notice.act,
        )

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(
            {**msgspec.structs.asdict(self), "since": _moment(self.since), "at": _moment(self.at)}
        )


class Sending(Struct, frozen=True, kw_only=True):
    """How long to try. Seconds; the pause doubles."""

    attempts: int = 3
    timeout: float = 5.0
    pause: float = 1.0


class Notifier:
    """`tell` returns at once. Close it at the end: what waits is sent then, as far as `patience` allows."""

    def __init__(self, metadata: Metadata, targets: Sequence[Notify], sending: Sending | None = None) -> None:
        self.metadata, self.targets = metadata, tuple(targets)
        self.sending = sending or Sending()
        self._waiting: queue.Queue[Message | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)
        if self.targets:
            self._thread.start()

    def tell(self, message: Message) -> None:
        if any(message.occasion in target.when for target in self.targets):
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(message)

    def notice(self, notice: Notice) -> None:
        """What `loop.notice.Tell` is: tell of a promotion, a rollback, a retraining that failed."""
        with self.metadata.begin() as sql:
            found = champion(sql, notice.model)
        version, package = (None, "") if found is None else (found[0].version, found[0].digest)
        self.tell(Message.of_notice(notice, version, package))

    def catch_up(self, model: str, since: int | None = None) -> None:
        """Tell of all verdicts and notices since then (event time; the last week of the log, unless said) that were
        written down: what was delivered is not sent again, and who is new to the list is not told of all that was."""
        with self.metadata.begin() as sql:
            if since is None:
                since = (watermark(sql, model) or RECENT) - RECENT
            found = verdicts(sql, model, since)
            notices = [msgspec.convert(one.document, Notice) for one in read_records(sql, "notice", model, since)]
        for verdict in found:
            self.tell(Message.of(verdict))
        for notice in notices:
            self.notice(notice)

    def close(self, patience: float = 10.0) -> bool:
        """Whether all that waited was tried."""
        if not self._thread.is_alive():
            return True
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=patience)
        self._thread.join(patience)
        return not self._thread.is_alive()

    def __enter__(self) -> Notifier:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self) -> None:
        while (message := self._waiting.get()) is not None:
            for target in self.targets:
                with contextlib.suppress(SQLAlchemyError, TypeError, ValueError):  # told again by catch_up
                    deliver(self.metadata, target, message, self.sending)


def deliver(metadata: Metadata, target: Notify, message: Message, sending: Sending | None = None) -> bool:
    """Send it, unless it was or nobody asked for it; whether it was accepted, now or before. Failures are written down
    and raise nothing."""
    if message.occasion not in target.when:
        return False
    key = _key(target, message)
    with metadata.begin() as sql:
        if _delivered(sql, message, key):
            return True
    tried, problem = _tries(target.to, message.body, key, sending or Sending())
    document = {"to": _host(target.to), "occasion": message.occasion, "message": message.key,
                "attempts": tried, "problem": problem}  # fmt: skip
    with metadata.begin() as sql:
        record(sql, FAILED if problem else DELIVERED, message.model, message.at, document, key=key)
    return not problem


def _tries(url: str, body: bytes, key: str, sending: Sending) -> tuple[int, str]:
    """(attempts, what is wrong; nothing when it was accepted)."""
    problem = ""
    for attempt in range(1, sending.attempts + 1):
        problem, final = _post(url, body, key, sending.timeout)
        if not problem or final:
            return attempt, problem
        if attempt < sending.attempts:
            time.sleep(sending.pause * 2 ** (attempt - 1))
    return sending.attempts, problem


def _post(url: str, body: bytes, key: str, timeout: float) -> tuple[str, bool]:
    """(problem, whether trying again is pointless). The problem never holds the address, which may be a secret. A
    redirect is a refusal: whoever follows one sends what was found to somebody who was not named."""
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:
        return "the address is none", True
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "the address is no http(s) address", True
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, "User-Agent": "modelyard"}
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, port, timeout=timeout)
    try:
        connection.request("POST", (parts.path or "/") + ("?" + parts.query if parts.query else ""), body, headers)
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        return f"not reached: {type(error).__name__}", False
    finally:
        connection.close()
    return ("", True) if status < 300 else (f"answered {status}", status < 500 and status not in (408, 425, 429))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _delivered(sql: Connection, message: Message, key: str) -> bool:
    found = read_records(sql, DELIVERED, message.model, since=message.at)
    return any(one.key == key for one in found)


def _key(target: Notify, message: Message) -> str:
    return hashlib.sha256(f"{target.to}\n{message.key}".encode()).hexdigest()


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
