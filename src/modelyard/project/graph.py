"""Steps as they hang together: ids, who follows whom, typed parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from modelyard.errors import did_you_mean
from modelyard.errors.project import BadGraph, BadParameter, UnknownStep
from modelyard.project.decode import decode, field_names, known_keys
from modelyard.project.environment import Environment
from modelyard.project.read import Document
from modelyard.project.settings import Project
from modelyard.step.registry import Registry
from modelyard.step.step import Step, TableStep

Section = Literal["steps", "live"]
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Port(Struct, frozen=True):
    """One thing that a step follows: a step, perhaps a named output of it (`checked.rejected`), perhaps a named input
    of this step (`after: {left: a, right: b}`)."""

    id: str
    output: str | None = None
    into: str | None = None


class Node(Struct, frozen=True, kw_only=True):
    """A step in its place. Id and place are not parameters: the cache key ignores them.

    `written`: the parameters as the file has them, variables unexpanded; what goes to lineage and cache keys."""

    id: str
    kind: str
    step: Step
    after: tuple[Port, ...] = ()
    path: str = ""
    line: int = 0
    written: dict[str, Any] = {}
    at_serving: Literal["from_request"] | None = None
    prepared: bool = False
    """Put in by `prepare: auto`; not in the file."""

    @property
    def who(self) -> str:
        return self.kind if self.id == self.kind.rpartition(".")[2] else f"{self.kind} {self.id!r}"


class Graph(Struct, frozen=True):
    """`steps` in an order where each comes after what it follows; `live` as written."""

    steps: tuple[Node, ...]
    live: tuple[Node, ...] = ()

    def __getitem__(self, id_: str) -> Node:
        for node in (*self.steps, *self.live):
            if node.id == id_:
                return node
        raise BadGraph(f"no step {id_!r}", way_out=did_you_mean(id_, [n.id for n in (*self.steps, *self.live)]))

    def before(self, id_: str) -> tuple[Node, ...]:
        """Everything the step hangs on, in order, without itself."""
        wanted = {port.id for port in self[id_].after}
        for node in reversed(self.steps):
            if node.id in wanted:
                wanted |= {port.id for port in node.after}
        return tuple(node for node in self.steps if node.id in wanted)


def graph(project: Project, document: Document, registry: Registry, environment: Environment | None = None) -> Graph:
    """Raises UnknownStep, UnknownKey, BadParameter, BadGraph: each with the step's path and line."""
    maker = _Maker(document, registry, environment or Environment({}))
    steps = maker.section(project.steps, "steps")
    live = maker.section(project.live, "live")
    _unique((*steps, *live), document)
    _known(steps, {node.id for node in steps}, document)
    return Graph(_ordered(steps, document), live)


class _Maker:
    def __init__(self, document: Document, registry: Registry, environment: Environment) -> None:
        self.document, self.registry, self.environment = document, registry, environment

    def section(self, entries: Iterable[dict[str, Any]], section: Section) -> tuple[Node, ...]:
        made: list[Node] = []
        for place, entry in enumerate(entries):
            above = made[-1].id if made and section == "steps" else None
            made.append(self.node(entry, f"{section}[{place}]", above))
        return tuple(made)

    def node(self, entry: dict[str, Any], path: str, above: str | None) -> Node:
        kind = self._kind(entry, path)
        cls = self.registry[kind]
        own = {"use", "id", "after", "at_serving"} - (set(field_names(cls)))
        written = {key: value for key, value in entry.items() if key not in own}
        known_keys(entry, (*field_names(cls), "use", "id", "after", *self._serving(cls)), path, self.document, kind)
        step = self._step(kind, cls, written, path)
        after = self._after(entry, path, None if source(cls) else above)
        return Node(
            id=self._id(entry, kind, path),
            kind=kind,
            step=step,
            after=self._in_order(after, step, kind, path),
            path=path,
            line=self.document.line(path),
            written=written,
            at_serving=self._at_serving(entry, path),
        )

    def _kind(self, entry: dict[str, Any], path: str) -> str:
        kind = entry.get("use")
        if not isinstance(kind, str):
            way_out = "Write `use: KIND`; `modelyard steps` lists the kinds"
            raise BadParameter("a step without `use:`", where=self.document.where(path), way_out=way_out)
        if kind not in self.registry:
            way_out = did_you_mean(kind, self.registry)
            where = self.document.where(f"{path}.use")
            raise UnknownStep(f"no step kind {kind!r}", where=where, way_out=way_out)
        return kind

    def _step(self, kind: str, cls: type[Step], written: dict[str, Any], path: str) -> Step:
        values = self.environment.expand(written, path, self.document.where, self.document.bare)
        return decode(values, cls, path, self.document, self.environment, kind)

    def _serving(self, cls: type[Step]) -> tuple[str, ...]:
        return ("at_serving",) if issubclass(cls, TableStep) else ()

    def _at_serving(self, entry: dict[str, Any], path: str) -> Literal["from_request"] | None:
        if entry.get("at_serving") not in (None, "from_request"):
            where = self.document.where(f"{path}.at_serving")
            raise BadParameter(f"at_serving: {entry['at_serving']!r}", where=where, way_out="Write from_request")
        return "from_request" if entry.get("at_serving") else None

    def _id(self, entry: dict[str, Any], kind: str, path: str) -> str:
        given = entry.get("id", kind.rpartition(".")[2])
        if not isinstance(given, str) or not _ID.fullmatch(given):
            way_out = "Begin with a letter, go on with letters, digits, - or _"
            raise BadGraph(f"{given!r} is no id", who=kind, where=self.document.where(f"{path}.id"), way_out=way_out)
        return given

    def _after(self, entry: dict[str, Any], path: str, above: str | None) -> tuple[Port, ...]:
        if "after" not in entry:
            return (Port(above),) if above else ()
        after = entry["after"]
        named = after.items() if isinstance(after, dict) else [(None, one) for one in _listed(after)]
        ports = []
        for into, word in named:
            if not isinstance(word, str):
                raise BadGraph(f"after: {word!r} is no step id", where=self.document.where(f"{path}.after"))
            id_, _, output = word.partition(".")
            ports.append(Port(id_, output or None, into))
        return tuple(ports)

    def _in_order(self, ports: tuple[Port, ...], step: Step, kind: str, path: str) -> tuple[Port, ...]:
        """As many tables as the step takes, in its order."""
        if not isinstance(step, TableStep) or source(type(step)) or not ports:
            return ports
        names, written = step.inputs, [port.into for port in ports]
        if names is not None and (set(written) == set(names) or (written == [None] * len(names))):
            return tuple(sorted(ports, key=lambda port: names.index(port.into or names[0])) if written[0] else ports)
        if names is None and not any(written):
            return ports
        found = ", ".join(f"{port.into}: {port.id}" if port.into else port.id for port in ports)
        raise BadGraph(
            f"after: {found} does not say which tables it takes",
            who=kind,
            where=self.document.where(path),
            way_out=f"Write after: {_example(names)}",
        )


def _example(names: tuple[str, ...] | None) -> str:
    """
    >>> _example(("left", "right")), _example(None)
    ('{left: STEP, right: STEP}', '[STEP, STEP]')
    """
    if names is None:
        return "[STEP, STEP]"
    return "STEP" if len(names) == 1 else "{" + ", ".join(f"{name}: STEP" for name in names) + "}"


def source(cls: type[Step]) -> bool:
    """Whether the kind reads from outside: it has a peek of its own, and follows nothing."""
    return issubclass(cls, TableStep) and cls.peek is not TableStep.peek


def _listed(after: Any) -> list[Any]:
    return after if isinstance(after, list) else [] if after is None else [after]


def _unique(nodes: tuple[Node, ...], document: Document) -> None:
    seen: dict[str, Node] = {}
    for node in nodes:
        if node.id in seen:
            raise BadGraph(
                f"two steps have the id {node.id!r}, the first on line {seen[node.id].line}",
                who=node.kind,
                where=document.where(node.path),
                way_out=f"Write an id into one of them, such as `id: {node.id}_2`",
            )
        seen[node.id] = node


def _known(nodes: tuple[Node, ...], ids: set[str], document: Document) -> None:
    for node in nodes:
        for port in node.after:
            if port.id not in ids:
                where = document.where(f"{node.path}.after")
                way_out = did_you_mean(port.id, ids)
                raise BadGraph(f"after: no step {port.id!r}", who=node.who, where=where, way_out=way_out)


def _ordered(nodes: tuple[Node, ...], document: Document) -> tuple[Node, ...]:
    """Topological, otherwise as written."""
    done: dict[str, Node] = {}
    left = list(nodes)
    while left:
        ready = next((node for node in left if all(port.id in done for port in node.after)), None)
        if ready is None:
            round_ = " → ".join(node.id for node in left)
            where = document.where(left[0].path)
            raise BadGraph(f"these steps wait for one another: {round_}", who=left[0].who, where=where)
        done[ready.id] = ready
        left.remove(ready)
    return tuple(done.values())
