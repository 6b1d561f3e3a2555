"""The plan: what will be read, learned, compared, decided and put to work, checked before a row is read.

The rules kept here are those of docs/project-file.md; each breach names the step, its line and the way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn
from modelyard.errors.project import BadPlan
from modelyard.project.candidates import candidate_node
from modelyard.project.comparison import Comparison
from modelyard.project.graph import Graph, Node
from modelyard.project.label import label
from modelyard.project.learned import chain_to, columns_after, scaled_by, texts_left, visible
from modelyard.project.live import check_live, rules_of
from modelyard.project.place import placed
from modelyard.project.prepare import missing_steps, prepared
from modelyard.project.read import Document
from modelyard.project.settings import Project
from modelyard.project.tables import Peek, from_request, peek, schemas, table_nodes
from modelyard.schema.duration import microseconds
from modelyard.schema.roles import as_names
from modelyard.schema.rules import ColumnRule, columns_of
from modelyard.schema.schema import Schema
from modelyard.schema.target import LabelRule
from modelyard.step.context import Context
from modelyard.step.registry import Registry
from modelyard.step.step import Learns, Policy, TableStep

BASELINE = "model.baseline"


class Candidate(Struct, frozen=True, kw_only=True):
    """One model and the learned steps before it. `features`: what it reads (`carrier=*` is a learned group);
    `drops`: columns to take away just before it (roles, datetimes, texts)."""

    name: str
    chain: tuple[Node, ...]
    features: tuple[str, ...]
    drops: tuple[str, ...] = ()

    @property
    def model(self) -> Node:
        return self.chain[-1]


class Plan(Struct, frozen=True, kw_only=True):
    """`output`: the table step whose rows are learned from; `schema`: its columns, labels marked."""

    project: Project
    graph: Graph
    context: Context
    tables: tuple[Node, ...]
    output: str
    schema: Schema
    label: LabelRule
    inputs: tuple[str, ...]
    """Columns a chain may take in: all of `schema` but labels."""
    from_request: tuple[str, ...]
    rules: tuple[ColumnRule, ...]
    candidates: tuple[Candidate, ...]
    comparison: Comparison
    decide: tuple[Node, ...]
    live: tuple[Node, ...]
    schemas: dict[str, Schema]

    @property
    def gap(self) -> int:
        """µs between training and test rows of a time split: `split.gap`, else `known_after`."""
        text = self.comparison.split.gap or self.project.target.known_after
        return microseconds(text) if text else 0


def plan(
    project: Project,
    graph: Graph,
    document: Document,
    registry: Registry,
    context: Context | None = None,
    peek: Peek = peek,
) -> Plan:
    """Raises BadPlan, BadSelector, MissingColumn …, each with the step, its path and its line.

    `peek(step, context)` gives the schema of a source; by default the step's own."""
    ctx = replace(context or Context(), roles=project.roles, target=project.target.column, zone=project.timezone)
    return _Planner(project, graph, document, registry, ctx, peek).plan()


class _Planner:
    def __init__(
        self, project: Project, graph: Graph, document: Document, registry: Registry, ctx: Context, peek: Peek
    ) -> None:
        self.project, self.graph, self.document = project, graph, document
        self.registry, self.ctx = registry, ctx
        self.tables = table_nodes(graph, document)
        self.schemas, self.made = schemas(self.tables, ctx, document, peek)
        late = project.target.known_after
        self.label = label(project.target.column, self.tables, self.schemas, microseconds(late) if late else 0)

    def plan(self) -> Plan:
        comparison, at = self._comparison()
        starts, chains = self._chains(comparison, at)
        output = self._one_start(starts)
        schema = self._marked(self.schemas[output])
        self._columns_exist(schema, comparison, at)
        check_live(self.graph, self.document, schema)
        return Plan(
            project=self.project,
            graph=self.graph,
            context=self.ctx,
            tables=self.tables,
            output=output,
            schema=schema,
            label=self.label.rule,
            inputs=tuple(column.name for column in schema if column.origin != "label"),
            from_request=tuple(n for n in from_request(self.tables, self.made) if n not in self.label.columns),
            rules=self._rules(output),
            candidates=tuple(self._candidate(name, chain, schema) for name, chain in chains),
            comparison=comparison,
            decide=self._decide(at),
            live=self.graph.live,
            schemas=self.schemas,
        )

    def _comparison(self) -> tuple[Comparison, Node | None]:
        found = [node for node in self.graph.steps if isinstance(node.step, Policy)]
        for node in found:
            if not isinstance(node.step, Comparison):
                self._refuse(node, "belongs under `live:`", "Move it there")
        if len(found) > 1:
            self._refuse(found[1], f"a second comparison beside {found[0].id!r}", "Name all models in one")
        if found and isinstance(found[0].step, Comparison):
            return found[0].step, found[0]
        return Comparison(), None

    def _chains(self, comparison: Comparison, at: Node | None) -> tuple[list[str], list[tuple[str, tuple[Node, ...]]]]:
        """Where they start, and (name, chain) of every candidate, the baseline first."""
        ends = self._models() if at is None else [self.graph[port.id] for port in at.after]
        models = [node for node in ends if node.kind.startswith("model.")]
        bases = [chain_to(self.graph, node.id, self.document) for node in ends if node not in models]
        found = [(node.id, chain_to(self.graph, node.id, self.document)) for node in models]
        listed = self._listed(comparison, at)
        if listed and at is not None and len(bases) != 1:
            self._refuse(at, f"its candidates would follow {len(bases)} steps", "Let `after:` name the one before them")
        if bases and not listed and at is not None:
            self._refuse(at, "there is no model to compare", "Write candidates: [model.…], or name models by `after:`")
        found += [(node.id, (bases[0][0], (*bases[0][1], node))) for node in listed]
        if not found:
            raise BadPlan("there is no model", where=self.document.where("steps"), way_out="Add an evaluate.compare")
        chains = [(name, chain) for name, (_, chain) in found]
        if BASELINE in self.registry and not any(chain[-1].kind == BASELINE for _, chain in chains):
            chains.insert(0, ("baseline", (prepared("baseline", BASELINE, {}, self.registry),)))
        return [start for _, (start, _) in found], self._named_once(chains, at)

    def _named_once(
        self, chains: list[tuple[str, tuple[Node, ...]]], at: Node | None
    ) -> list[tuple[str, tuple[Node, ...]]]:
        names = [name for name, _ in chains]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None and at is not None:
            self._refuse(at, f"two candidates are called {twice!r}", "Write {use: KIND, id: NAME} for one of them")
        return chains

    def _models(self) -> list[Node]:
        """Without a comparison: every model that the file has."""
        return [node for node in self.graph.steps if node.kind.startswith("model.")]

    def _listed(self, comparison: Comparison, at: Node | None) -> list[Node]:
        if at is None:
            return []
        return [
            candidate_node(entry, raw, f"{at.path}.candidates[{place}]", self.registry, self.document)
            for place, (entry, raw) in enumerate(
                zip(comparison.candidates, at.written.get("candidates", ()), strict=True)
            )
        ]

    def _one_start(self, starts: Sequence[str]) -> str:
        if len(set(starts)) > 1:
            names = ", ".join(dict.fromkeys(starts))
            where = self.document.where("steps")
            way_out = "Let all learned steps begin at the same table step"
            raise BadPlan(f"candidates learn from different tables: {names}", where=where, way_out=way_out)
        return starts[0]

    def _marked(self, schema: Schema) -> Schema:
        known = self.label.columns
        return Schema(tuple(replace(c, origin="label") if c.name in known else c for c in schema))

    def _columns_exist(self, schema: Schema, comparison: Comparison, at: Node | None) -> None:
        """Target, roles and slices name columns of the table that is learned from."""
        roles, target = self.project.roles, self.project.target.column
        named = [("target.column", target)]
        for role in ("id", "time", "group", "weight", "sensitive", "ignore"):
            named += [(f"roles.{role}", name) for name in as_names(getattr(roles, role))]
        named += [(f"{at.path}.slices", name) for name in comparison.slices] if at else []
        for node in self.graph.live:
            named += [(f"{node.path}.table", name) for rule in rules_of(node) for name in columns_of(rule)]
        for path, name in named:
            if name not in schema.names:
                where, way_out = self.document.where(path), did_you_mean(name, schema.names)
                raise MissingColumn(f"no column {name!r}", who=path.split(".")[0], where=where, way_out=way_out)
        if roles.time and schema[roles.time].kind != "datetime":
            where = self.document.where("roles.time")
            way_out = f"Declare it where it is read: types: {{{roles.time}: datetime}}"
            raise BadPlan(f"{roles.time!r} is a {schema[roles.time].kind}, not a time", where=where, way_out=way_out)

    def _candidate(self, name: str, chain: tuple[Node, ...], schema: Schema) -> Candidate:
        """The chain completed by what its model needs."""
        steps, node = chain[:-1], chain[-1]
        model = node.step
        if not isinstance(model, Learns):
            raise BadPlan(f"{node.kind} is no model", who=node.who, where=self.document.where(node.path))
        self._served(node, schema)
        before = columns_after(steps, schema, self.label.columns, self.ctx, self.document)
        if self.project.prepare == "auto" and node.kind != BASELINE:
            texts = texts_left(before, self.ctx)
            done = scaled_by(steps, schema, self.label.columns, self.ctx, self.document)
            wanted = missing_steps(type(model), visible(before, self.ctx), texts, done)
            steps = (*steps, *(prepared(*step, self.registry) for step in wanted))
        after = columns_after(steps, schema, self.label.columns, self.ctx, self.document)
        features = visible(after, self.ctx).names
        if not features:
            self._refuse(node, "no column is left to learn from", "Check `ignore:` and the steps before it")
        kept = set(features)
        drops = tuple(name for name in after.names if name not in kept)
        return Candidate(name=name, chain=(*steps, node), features=features, drops=drops)

    def _served(self, node: Node, schema: Schema) -> None:
        """Every column that a model could read is one that a request can carry."""
        made = [column.name for column in visible(schema, self.ctx) if column.origin == "table"]
        if made:
            maker = next((node for node in reversed(self.tables) if made[0] in self.made[node.id]), None)
            who, place = (maker.who, maker.path) if maker else (node.who, node.path)
            raise BadPlan(
                f"the table step makes {', '.join(map(repr, made))}, which {node.id!r} reads but no request carries",
                who=who,
                where=self.document.where(place),
                way_out="Use derive.expression, or write `at_serving: from_request`, or list it under roles.ignore",
            )

    def _rules(self, output: str) -> tuple[ColumnRule, ...]:
        """check.rules on the way to the learned rows: they hold for requests too."""
        found: list[ColumnRule] = []
        for node in (*self.graph.before(output), self.graph[output]):
            rules: Any = getattr(node.step, "rules", None)
            if isinstance(node.step, TableStep) and callable(rules) and node.after:
                with placed(node, self.document):
                    found += rules(self.schemas[node.after[0].id])
        return tuple(found)

    def _decide(self, at: Node | None) -> tuple[Node, ...]:
        found = tuple(node for node in self.graph.steps if node.kind.startswith("decide."))
        for node in self.graph.steps:
            late = at is not None and at in self.graph.before(node.id)
            if late and node not in found:
                self._refuse(node, "after a comparison a step can only decide", "Put it before the comparison")
        for node in found:
            if self.project.task != "classification" and node.kind == "decide.threshold":
                self._refuse(node, "a threshold is for a classification", "Remove it")
        return found

    def _refuse(self, node: Node, found: str, way_out: str) -> None:
        raise BadPlan(found, who=node.who, where=self.document.where(node.path), way_out=way_out)


def as_written(node: Node) -> dict[str, Any]:
    """A node as an entry of the file: what `check --expand` and `expand STEP` write."""
    return {"id": node.id, "use": node.kind, **msgspec.to_builtins(node.written)}
