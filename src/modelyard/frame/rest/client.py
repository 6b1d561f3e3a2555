"""Ask a web service, again where that helps, and within bounds: what comes back is a whole answer or an error.

Asked again is what may be over the next time: no connection, an answer that breaks off, 429 and the 5xx that pass. Not
asked again is what would be refused again. A redirect is followed within the origin of the connection alone.
"""

from __future__ import annotations

import time
import zlib
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from modelyard.errors import ModelyardError
from modelyard.errors.connection import AccessDenied, OverLimit, ServiceRefused, UnfitAnswer, Unreachable
from modelyard.frame.rest.target import followed, put, without
from modelyard.frame.rest.unpacked import TooLong
from modelyard.frame.rest.waiting import Pace, after, backed_off
from modelyard.frame.rest.who import Who
from modelyard.frame.rest.wire import Late, Passing, Raw, Wire
from modelyard.schema.connection import Rest
from modelyard.schema.limits import Limits
from modelyard.schema.url import checked

TRIES = 6
REDIRECTS = 5
AGAIN = (408, 425, 429, 500, 502, 503, 504)
MOVED = (301, 302, 303, 307, 308)
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
ACCEPT = {"Accept": "application/json", "User-Agent": "modelyard"}


class Answer(Struct, frozen=True):
    """`target`: what was asked, as it was sent but for a key in it; `place`: as a person may see it. `lines`: the body
    holds one object a line."""

    target: str
    place: str
    headers: dict[str, str]
    body: bytes
    lines: bool


class Client:
    def __init__(self, connection: Rest, folder: Path, limits: Limits) -> None:
        self.name, self.origin = f"connection {connection.name!r}", checked(connection.url, "url")
        self._wire, self._who = Wire(connection, self.origin, folder), Who(connection, folder)
        self._headers = {**ACCEPT, **connection.headers}
        self._limits, self._pace = limits, Pace(connection.rate)
        self._deadline = time.monotonic() + limits.seconds
        self._pages, self._bytes = 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._wire.close()
        self._who.close()

    def get(self, target: str) -> Answer:
        """Raises Unreachable, ForbiddenAddress, AccessDenied, ServiceRefused, UnfitAnswer, OverLimit."""
        if self._pages == self._limits.pages:
            raise self._over(f"more than {self._limits.pages:,} pages", target)
        self._pages += 1
        at = target
        for _ in range(REDIRECTS + 1):
            raw = self._answered(at)
            if raw.status not in MOVED:
                return self._whole(at, raw)
            link = raw.headers.get("location", "")
            at = followed(self.origin, at, link, f"{self.shown(at)} redirects: `Location`", self.name)
        raise ServiceRefused("one redirect follows another", who=self.name, where=self.shown(target))

    def get_raw(self, target: str) -> Raw:
        """Any answer but those that may pass: whether the service knows us. Raises as `get` does."""
        return self._answered(target)

    def shown(self, target: str) -> str:
        """A target for people: without secrets, and not too long."""
        key = self._who.query()
        return self._who.hidden_in(f"{self.origin}{without(target, {key[0]} if key else set())}")[:300]

    def _answered(self, target: str) -> Raw:
        """An answer that will not be another the next time."""
        said, failures, renewed = "", 0, False
        while failures < TRIES:
            wait: float | None = None
            try:
                raw = self._once(target)
            except Passing as error:
                said, unreached = str(error), True
            else:
                if raw.status == 401 and self._who.renews and not renewed:
                    renewed = True
                    self._who.forget()
                    continue
                if raw.status not in AGAIN:
                    return raw
                said, unreached = self._words(raw), False
                wait = after(raw.headers.get("retry-after", ""), datetime.now(UTC))
            failures += 1
            if failures < TRIES:
                self._rest(max(wait or 0.0, 0.0) + backed_off(failures if wait is None else 1), said, target)
        kind: type[ModelyardError] = Unreachable if unreached else ServiceRefused
        raise kind(f"{said}; asked {TRIES} times", who=self.name, where=self.shown(target))

    def _once(self, target: str) -> Raw:
        self._pace.wait()
        most = min(self._limits.page_bytes, self._limits.bytes - self._bytes)
        try:
            if time.monotonic() >= self._deadline:
                raise Late
            headers = {**self._headers, **self._who.headers(self._deadline)}
            key = self._who.query()
            sent = put(target, [key]) if key else target
            return self._wire.send("GET", sent, headers, b"", most, self._deadline)
        except Late:
            raise self._over(f"longer than {self._limits.time}", target) from None
        except TooLong:
            of = "one answer" if most == self._limits.page_bytes else "all answers"
            bound = self._limits.page_bytes if most == self._limits.page_bytes else self._limits.bytes
            raise self._over(f"more than {bound:,} bytes in {of}", target) from None

    def _rest(self, seconds: float, said: str, target: str) -> None:
        left = self._deadline - time.monotonic()
        if seconds >= left:
            found = f"{said}, to be asked again in {seconds:.0f} s; `at_most: time` leaves {max(left, 0):.0f} s"
            raise OverLimit(found, who=self.name, where=self.shown(target), way_out="Try later, or allow more time")
        time.sleep(seconds)

    def _whole(self, target: str, raw: Raw) -> Answer:
        if raw.status in (401, 403):
            found = f"the service does not let us in: {self._words(raw)}"
            way_out = "Check `auth:` of the connection, its variable, and what it is allowed"
            raise AccessDenied(found, who=self.name, where=self.shown(target), way_out=way_out)
        if raw.status not in (200, 203, 204):
            raise ServiceRefused(self._words(raw), who=self.name, where=self.shown(target))
        self._bytes += len(raw.body)
        body = b"" if raw.status == 204 else raw.body
        lines = _kind(raw) in LINES
        if body:
            self._json(target, raw)
        return Answer(target, self.shown(target), raw.headers, body, lines)

    def _json(self, target: str, raw: Raw) -> None:
        """What calls itself something else is something else: a page to log in above all."""
        kind, _, more = raw.headers.get("content-type", "").partition(";")
        name, charset = kind.strip().lower(), more.lower().replace(" ", "").replace('"', "").partition("charset=")[2]
        known = name in ("", "application/json", "text/json", *LINES) or name.endswith("+json")
        if not known or charset.partition(";")[0] not in ("", "utf-8", "utf8", "us-ascii", "ascii"):
            found = f"the answer is {raw.headers.get('content-type', '')[:80]!r}, not JSON"
            raise UnfitAnswer(found, who=self.name, where=self.shown(target), way_out="Check `path:` of the step")

    def _words(self, raw: Raw) -> str:
        """The status, and the first words of what the service says about it."""
        body = raw.body
        if raw.headers.get("content-encoding", "").lower() == "gzip":
            try:
                body = zlib.decompressobj(31).decompress(body, 4_096)
            except zlib.error:
                body = b""
        text = " ".join(body[:4_096].decode("utf-8", errors="replace").split())
        plain = "".join(mark for mark in text if mark.isprintable())
        short = self._who.hidden_in(plain)[:200] if not plain.startswith("<") else ""
        return f"status {raw.status}" + (f": {short}" if short else "")

    def _over(self, found: str, target: str) -> OverLimit:
        return OverLimit(found, who=self.name, where=self.shown(target))


def _kind(raw: Raw) -> str:
    return raw.headers.get("content-type", "").partition(";")[0].strip().lower()
