"""A project as Python sees it: one file, read and planned."""

from __future__ import annotations

import os
from pathlib import Path

from modelyard.errors.project import UnreadableFile
from modelyard.project.environment import Environment
from modelyard.project.graph import Graph, graph
from modelyard.project.plan import Plan, plan
from modelyard.project.read import Document, read
from modelyard.project.settings import Project as Head
from modelyard.project.settings import settings
from modelyard.step.context import Context
from modelyard.step.registry import Registry


class Project:
    """One `modelyard.yaml`. `head` is everything that is not a step, `graph` the steps, `plan()` what they come to."""

    def __init__(self, document: Document, folder: Path, environment: Environment, registry: Registry) -> None:
        self.document, self.folder, self.registry = document, folder, registry
        self.head: Head = settings(document, environment)
        self.graph: Graph = graph(self.head, document, registry, environment)

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
        return cls(read(content, place.name), place.parent, Environment(dict(os.environ)), Registry.installed())

    def plan(self) -> Plan:
        """Everything that can be known without training; sources are peeked at, not read through."""
        return plan(self.head, self.graph, self.document, self.registry, Context(folder=self.folder))
