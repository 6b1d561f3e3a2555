"""Errors of a step with the place of the step in the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from modelyard.errors import ModelyardError
from modelyard.errors.project import BadPlan
from modelyard.project.graph import Node
from modelyard.project.read import Document


@contextmanager
def placed(node: Node, document: Document) -> Iterator[None]:
    """Whatever a step raises while it is planned names the step, its path and its line."""
    place = document.where(node.path)
    try:
        yield
    except ModelyardError as error:
        error.who = node.who
        error.where = place if error.where in ("", node.path) else f"{error.where}; {place}"
        raise
    except Exception as error:
        raise BadPlan(f"{type(error).__name__}: {error}", who=node.who, where=place) from error
