"""Every monitor of the file, run on whatever is new: the one call that the loop makes after each shipping.

Looks at the champion alone. Running it again finds nothing new; running it twice at once writes each verdict once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import Connection

from modelyard.loop import drift, quality
from modelyard.loop.counting import counter
from modelyard.loop.drift import watch_drift
from modelyard.loop.limits import Asked
from modelyard.loop.performance import watch_performance
from modelyard.loop.ruled import Ruled, watch_rules
from modelyard.loop.ship import Shipped, ship
from modelyard.loop.tabled import Tabled, take_labels
from modelyard.loop.verdict import Verdict
from modelyard.loop.watched import FEED, Watched, read_progress
from modelyard.loop.watermark import watermark
from modelyard.package.model import Model
from modelyard.project.graph import Node
from modelyard.project.plan import Plan
from modelyard.schema.column import Kind
from modelyard.schema.duration import microseconds
from modelyard.schema.rules import TableRule, columns_of
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store
from modelyard.store.versions import champion

if TYPE_CHECKING:
    from modelyard.frame.sql.read import Asked as DatabaseTable


class Watch(Struct, frozen=True, kw_only=True):
    """What the file asks to be watched of one model. `known_after` in microseconds; `metric`: what it was chosen by."""

    model: str
    drift: tuple[str, ...] = ()
    """Ids of the monitor.drift entries."""
    performance: tuple[Asked, ...] = ()
    rules: tuple[Ruled, ...] = ()
    tables: tuple[Tabled, ...] = ()
    """Where labels lie, when they are not sent."""

    @classmethod
    def of(cls, plan: Plan) -> Watch:
        known_after = plan.project.target.known_after
        late = microseconds(known_after) if known_after else 0
        watched = [node for node in plan.live if node.kind == "monitor.performance"]
        return cls(
            model=plan.project.name,
            drift=tuple(node.id for node in plan.live if node.kind == "monitor.drift"),
            performance=tuple(_asked(node, late, plan.comparison.choose) for node in watched),
            rules=tuple(_ruled(node, plan) for node in plan.live if node.kind == "monitor.rules"),
            tables=tuple(_tables(watched, plan)),
        )


class Standing(Struct, frozen=True, kw_only=True):
    """What each monitor says now of one package: monitor id -> columns that are broken; ids that say drifted; monitor
    id -> sources that say worse."""

    broken: dict[str, tuple[str, ...]] = {}
    drifted: tuple[str, ...] = ()
    worse: dict[str, tuple[str, ...]] = {}

    def says(self, monitor: str, kind: str) -> bool:
        return monitor in {"broken": self.broken, "drifted": self.drifted, "worse": self.worse}[kind]


class Watcher:
    """Holds the models that it opened, and nothing else: everything it finds is in the metadata."""

    def __init__(self, store: Store, metadata: Metadata, watch: Watch) -> None:
        self.store, self.metadata, self.watch = store, metadata, watch
        self._models: dict[str, Model] = {}
        self._count = counter(store)

    def ship(self) -> Shipped:
        """Take labels from their tables, and ship all that the log holds."""
        shipped = ship(self.store, self.metadata, self._count)
        if sum(take_labels(self.store, self.metadata, self.watch.model, table) for table in self.watch.tables):
            shipped = shipped.plus(ship(self.store, self.metadata, self._count))
        return shipped

    def look(self, wall: int | None = None) -> list[Verdict]:
        """The new verdicts. `wall`: now, microseconds."""
        watched = self.champion()
        with self.metadata.begin() as sql:
            until = watermark(sql, self.watch.model, wall)
        if watched is None or until is None:
            return []
        found: list[Verdict] = []
        for monitor in self.watch.drift:
            found += watch_drift(watched, monitor, until)
        for asked in self.watch.performance:
            found += watch_performance(watched, asked, until)
        for ruled in self.watch.rules:
            found += watch_rules(watched, ruled, until)
        return found

    def champion(self) -> Watched | None:
        with self.metadata.begin() as sql:
            found = champion(sql, self.watch.model)
        if found is None:
            return None
        version = found[0]
        if version.digest not in self._models:
            self._models[version.digest] = open_package(self.store, version.digest)
        return Watched(store=self.store, metadata=self.metadata, model=self._models[version.digest], version=version)


def look(store: Store, metadata: Metadata, watch: Watch, wall: int | None = None) -> list[Verdict]:
    """One look with a Watcher that is not kept."""
    return Watcher(store, metadata, watch).look(wall)


def standing(sql: Connection, watch: Watch, digest: str) -> Standing:
    """What the monitors last said of that package, whether it is news or not."""
    broken, drifted = dict[str, tuple[str, ...]](), list[str]()
    for monitor in watch.drift:
        seen = read_progress(sql, watch.model, digest, monitor, drift.Progress)
        if seen is not None and seen.broken:
            broken[monitor] = tuple(one.column for one in seen.broken)
        if seen is not None and seen.state.open:
            drifted.append(monitor)
    for ruled in watch.rules:
        last = read_progress(sql, watch.model, FEED, ruled.monitor, drift.Progress)
        if last is not None and last.broken:
            broken[ruled.monitor] = tuple(one.column for one in last.broken)
    judged = {
        asked.monitor: read_progress(sql, watch.model, digest, asked.monitor, quality.Progress)
        for asked in watch.performance
    }
    worse = {monitor: seen.open for monitor, seen in judged.items() if seen is not None and seen.open}
    return Standing(broken=broken, drifted=tuple(drifted), worse=worse)


def _asked(node: Node, known_after: int, metric: str | None) -> Asked:
    step: Any = node.step
    limits: Mapping[str, float] = dict(step.worse_than)
    return Asked(
        monitor=node.id,
        window=microseconds(step.window),
        worse_than=limits,
        known_after=known_after,
        metric=metric if not limits or metric in limits else None,
    )


def _ruled(node: Node, plan: Plan) -> Ruled:
    step: Any = node.step
    rules: tuple[TableRule, ...] = step.table
    names = dict.fromkeys(name for rule in rules for name in columns_of(rule))
    return Ruled(
        monitor=node.id,
        window=microseconds(step.window),
        rules=rules,
        columns=plan.schema.keep(names),
        id=plan.project.roles.id,
        time=plan.project.roles.time,
        zone=plan.context.zone,
    )


def _tables(nodes: Sequence[Node], plan: Plan) -> list[Tabled]:
    steps: list[Any] = [node.step for node in nodes]
    return [
        Tabled(
            path=None if step.labels.path is None else Path(plan.context.folder) / step.labels.path,
            asked=None if step.labels.path is not None else _asked_of(step.labels, plan),
            id=plan.project.roles.id,
            key=tuple(step.labels.key),
            value=step.labels.value or plan.label.parents[0],
            parents=plan.label.parents,
            times=tuple(name for name in step.labels.key if _kind(plan, name) == "datetime"),
            zone=plan.context.zone,
            cursor=step.labels.cursor,
        )
        for step in steps
        if step.labels != "http"
    ]


def _asked_of(labels: Any, plan: Plan) -> Callable[[], DatabaseTable]:
    ctx, parents = plan.context, plan.label.parents
    kinds = {name: _kind(plan, name) for name in parents} | {labels.value or parents[0]: _kind(plan, parents[0])}
    # Truths are 0 and 1 in some databases, and codes are numbers.
    types: dict[str, Kind] = {n: k for n, k in kinds.items() if k in ("boolean", "category", "text")}
    if labels.value and labels.value != parents[0]:
        types.pop(parents[0], None)

    def asked() -> DatabaseTable:
        from modelyard.frame.sql.read import Asked

        connection = ctx.connections[labels.connection]
        return Asked(connection=connection, folder=ctx.folder, zone=ctx.zone, table=labels.table, types=types)

    return asked


def _kind(plan: Plan, name: str) -> Kind | None:
    return plan.schema[name].kind if name in plan.schema else None
