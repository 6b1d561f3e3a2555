"""The server as a raw ASGI callable: routes, limits, and the rule that nothing is answered before it is logged."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from msgspec import Struct

from modelyard.errors import ModelyardError
from modelyard.errors.serving import (
    NoSuchModel,
    NoSuchRoute,
    NotServing,
    Overloaded,
    WrongMethod,
)
from modelyard.errors.store import LogUnavailable
from modelyard.serve.answer import Answerer, Reply
from modelyard.serve.bodies import Message, Receive, Scope, whole_body
from modelyard.serve.doors import Door, Headers
from modelyard.serve.labels import label_lines
from modelyard.serve.meters import Meters
from modelyard.serve.recent import Recent
from modelyard.serve.refusals import refusal
from modelyard.serve.served import Served

Send = Callable[[Message], Awaitable[None]]
Append = Callable[[list[bytes]], asyncio.Future[None] | None]
"""Log lines in; they are as durable as promised when the future is done, or at once when there is none. Raises
LogUnavailable, here or from the future."""


class Asked(Struct, frozen=True, eq=False):
    """A prediction under way: its reply, and the log writes that must have ended well before it leaves."""

    reply: Reply
    waits: list[asyncio.Future[None]]


MOST_WAITING = 1024
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_JSON = (b"content-type", b"application/json")
_TEXT = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
_OPEN = ("/livez", "/readyz")


class App:
    """`models`: what is served now; a swap sets an entry, a request reads it once."""

    def __init__(self, append: Append, models: dict[str, Answerer | None], door: Door | None = None) -> None:
        self.append, self.models, self.door = append, models, door or Door()
        self.routes: dict[bytes, str] = {}
        """Urls of predictions that were asked for, one spelling per model; others are matched when they come."""
        self.meters = Meters()
        self.draining = False
        self.log_broken = False
        self.waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        start = time.perf_counter()
        route, status, headers, body = await self._outcome(scope, receive)
        if self.draining or status in (408, 413):
            headers.append((b"connection", b"close"))
        headers.append((b"content-length", b"%d" % len(body)))
        self.meters.answered(route, status, time.perf_counter() - start)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _outcome(self, scope: Scope, receive: Receive) -> tuple[str, int, Headers, bytes]:
        route = "none"
        try:
            path: str = scope["path"]
            if path not in _OPEN:
                self.door.check(scope["headers"])
            route, name = _match(path)
            return route, *await self._route(route, name, scope, receive)
        except ModelyardError as error:
            return route, *refusal(error)

    async def _route(self, route: str, name: str, scope: Scope, receive: Receive) -> tuple[int, Headers, bytes]:
        posts = route in ("predict", "labels")
        if scope["method"] not in (("POST",) if posts else ("GET", "HEAD")):
            raise WrongMethod(f"{scope['method'][:20]} is not for this path", where="POST" if posts else "GET, HEAD")
        if route == "livez":
            return 200, [_JSON], b'{"alive":true}'
        if route == "readyz":
            return self._ready()
        if route == "metrics":
            return 200, [_TEXT], self.meters.text(self._served(), self.waiting).encode()
        answerer = self._model(name)
        if route == "predict" and _PLAIN.fullmatch(name):
            self.routes[f"/v1/models/{name}/predict".encode()] = name
        if route == "model":
            return 200, [_JSON], _described(answerer)
        body = await whole_body(scope, receive)
        return await (self._predict(name, body) if route == "predict" else self._labels(answerer, body))

    def begin(self, name: str, body: bytes) -> Asked:
        """One prediction answered and handed to the log; it may leave when all of `waits` have ended well. Raises what
        `answer` raises, NoSuchModel, NotServing, Overloaded, LogUnavailable."""
        self._room()
        answerer = self._model(name)
        reply = answerer.answer(body)
        written = self._written(reply, answerer.recent) if reply.records else None
        waits = [earlier.written for earlier in reply.waits if earlier.written is not None]
        return Asked(reply, waits if written is None else [written, *waits])

    def _room(self) -> None:
        if self.waiting >= MOST_WAITING:
            raise Overloaded(f"{self.waiting:,} requests wait for the log")

    def end(self, reply: Reply) -> None:
        """Count what leaves."""
        self.meters.rows += len(reply.records)
        self.meters.warnings += reply.warnings
        self.meters.replayed += reply.replayed

    async def _predict(self, name: str, body: bytes) -> tuple[int, Headers, bytes]:
        asked = self.begin(name, body)
        for wait in asked.waits:
            await asyncio.shield(wait)
        self.end(asked.reply)
        return asked.reply.status, [_JSON], asked.reply.body

    def _written(self, reply: Reply, recent: Recent) -> asyncio.Future[None] | None:
        """Write, and let retries that come meanwhile wait for the same write. A failed write is forgotten."""
        try:
            written = self._append(reply.records)
        except LogUnavailable:
            for key, given in reply.given:
                recent.forget(key, given)
            raise
        if written is not None:
            self.waiting += 1
            for _, given in reply.given:
                given.written = written
            written.add_done_callback(partial(self._settled, reply, recent))
        return written

    def _settled(self, reply: Reply, recent: Recent, written: asyncio.Future[None]) -> None:
        self.waiting -= 1
        failed = written.cancelled() or written.exception() is not None
        if failed:
            self._broken()
        else:
            self.log_broken = False
        for key, given in reply.given:
            given.written = None
            if failed:
                recent.forget(key, given)

    async def _labels(self, answerer: Answerer, body: bytes) -> tuple[int, Headers, bytes]:
        self._room()
        lines = label_lines(body, answerer.served.label, int(time.time() * 1_000_000), answerer.served.labels)
        written = self._append(lines) if lines else None
        if written is not None:
            await self._until(written)
        return 202, [_JSON], b'{"accepted":%d}' % len(lines)

    def _append(self, lines: list[bytes]) -> asyncio.Future[None] | None:
        try:
            written = self.append(lines)
        except LogUnavailable:
            self._broken()
            raise
        if written is None:
            self.log_broken = False
        return written

    async def _until(self, written: asyncio.Future[None]) -> None:
        self.waiting += 1
        try:
            await asyncio.shield(written)
            self.log_broken = False
        except LogUnavailable:
            self._broken()
            raise
        finally:
            self.waiting -= 1

    def _broken(self) -> None:
        self.log_broken = True
        self.meters.log_failures += 1

    def _model(self, name: str) -> Answerer:
        try:
            answerer = self.models[name]
        except KeyError:
            raise NoSuchModel("no model of that name is served here") from None
        if answerer is None:
            raise NotServing(f"{name} has no package promoted yet")
        return answerer

    def _served(self) -> dict[str, Served]:
        now = self.models.copy()  # the thread that swaps may add a name meanwhile
        return {name: a.served for name, a in now.items() if a is not None}

    def _ready(self) -> tuple[int, Headers, bytes]:
        names, served = sorted(self.models.copy()), self._served()
        why = "draining" if self.draining else "log unavailable" if self.log_broken else ""
        if not why and not names:
            why = "no model is promoted yet"
        if not why and len(served) < len(names):
            why = "no package for " + ", ".join(name for name in names if name not in served)
        models = {name: served[name].revision if name in served else None for name in names}
        versions = {name: one.version for name, one in served.items()}
        facts = {"ready": not why, "models": models, "versions": versions, "why": why}
        return 503 if why else 200, [_JSON], msgspec.json.encode(facts)


def _match(path: str) -> tuple[str, str]:
    parts = path.split("/")
    if len(parts) == 2 and parts[1] in ("livez", "readyz", "metrics"):
        return parts[1], ""
    if parts[:3] == ["", "v1", "models"] and len(parts) == 4 and parts[3]:
        return "model", parts[3]
    if parts[:3] == ["", "v1", "models"] and len(parts) == 5 and parts[3] and parts[4] in ("predict", "labels"):
        return parts[4], parts[3]
    raise NoSuchRoute("there is no such path")


def _described(answerer: Answerer) -> bytes:
    served = answerer.served
    fields = [
        {"name": f.name, "kind": f.kind, "nullable": f.nullable, "zone": f.zone, "categories": len(f.categories)}
        for f in served.contract.fields
    ]
    return msgspec.json.encode(
        {
            "model": served.name,
            "version": served.version,
            "digest": served.digest,
            "revision": served.revision,
            "task": served.outcome.task,
            "classes": served.outcome.classes,
            "columns": fields,
            "durability": served.durability,
        }
    )


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
