"""A project as Python sees it: one file, read and planned."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from modelyard.errors.project import UnreadableFile
from modelyard.project.connections import connections
from modelyard.project.environment import Environment
from modelyard.project.graph import Graph, graph
from modelyard.project.plan import Plan, plan
from modelyard.project.read import Document, read
from modelyard.project.settings import Project as Head
from modelyard.project.settings import settings
from modelyard.project.tables import Peek, peek
from modelyard.step.context import Context
from modelyard.step.registry import Registry

if TYPE_CHECKING:
    from modelyard.api.place import Place
    from modelyard.run.events import Stream
    from modelyard.run.result import Result


class Project:
    """One `modelyard.yaml`. `head` is everything that is not a step, `graph` the steps, `plan()` what they come to."""

    def __init__(
        self, document: Document, folder: Path, environment: Environment, registry: Registry, digest: str = ""
    ) -> None:
        self.document, self.folder, self.registry, self.digest = document, folder, registry, digest
        self.head: Head = settings(document, environment)
        self.graph: Graph = graph(self.head, document, registry, environment)
        self.connections = connections(document, environment)

    @classmethod
    def load(cls, path: str | Path = "modelyard.yaml") -> Project:
        """Read the file (a folder means the `modelyard.yaml` in it). Variables come from this process's environment."""
        place = Path(path)
        place = place / "modelyard.yaml" if place.is_dir() else place
        try:
            content = place.read_bytes()
        except OSError as error:
            raise UnreadableFile(
                f"{place} cannot be read: {error.strerror}", way_out="Name the file, or go to its folder"
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        environment, registry = Environment(dict(os.environ)), Registry.installed()
        return cls(read(content, place.name), place.parent, environment, registry, digest)

    def place(self, store: str | Path | None = None) -> Place:
        """Where its store is: `store`, else MODELYARD_STORE, else the file's own."""
        from modelyard.api.place import place

        return place(store, self.head.store, self.folder, os.environ, self.connections)

    def plan(self, peek: Peek = peek) -> Plan:
        """Everything that can be known without training; sources are peeked at, not read through. `peek`: what a source
        gives, where that is known otherwise."""
        return plan(self.head, self.graph, self.document, self.registry, self._context(), peek)

    def _context(self) -> Context:
        return Context(folder=self.folder, connections=self.connections, cache=self.place().store.cache)

    def run(
        self,
        store: str | Path | None = None,
        *,
        cores: int | None = None,
        stream: Stream | None = None,
        afresh: bool = False,
        reread: bool = False,
        accept_schema: bool = False,
    ) -> Result:
        """Compare the candidates, package the winner, register it; the first version of a name serves. What was done
        before is not done again, unless `afresh`; sources with a cursor are read on, unless `reread`. The store is
        made where there is none. Raises SchemaChanged where a source is not what the champion learned from, unless
        `accept_schema`."""
        from modelyard.api.connection import opened
        from modelyard.api.deployed import deploy
        from modelyard.api.held import held, known
        from modelyard.run.data import start_over
        from modelyard.run.engine import run
        from modelyard.run.kept import Kept
        from modelyard.store.in_use import in_use

        place = self.place(store)
        planned = held(self, [] if accept_schema else known(self, place))
        with opened(place, make=True) as yard, in_use(yard.store):
            deploy(planned, yard.store)
            if reread:
                start_over(planned, Kept(yard.store))
            return run(
                planned,
                yard.store,
                yard.metadata,
                now=time.time_ns() // 1000,
                cores=cores,
                stream=stream,
                project=self.digest,
                afresh=afresh,
            )
