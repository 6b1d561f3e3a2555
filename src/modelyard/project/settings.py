"""The head of the project file: everything that is not a step."""

from __future__ import annotations

import re
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct, field

from modelyard.errors.project import BadParameter
from modelyard.project.decode import decode, field_names, known_keys
from modelyard.project.environment import Environment
from modelyard.project.read import Document
from modelyard.project.scope import check_task
from modelyard.schema.duration import microseconds
from modelyard.schema.roles import Roles
from modelyard.schema.target import Target, Task

FORMAT = 1
"""The file's format. To change it: add a reader for the old number here, keep its files in tests/project, say so in
docs/project-file.md."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
Occasion = Literal["broken", "drifted", "worse", "promoted", "rolled_back", "retrain_failed"]


class Notify(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A webhook: who is told, and on which occasions."""

    to: str
    when: tuple[Occasion, ...] = ("broken", "worse", "promoted", "retrain_failed")


class BlobPlace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder of an object store."""

    connection: str
    path: str = ""


class StorePlace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`folder`: relative to the project file; `metadata`: a database's URL; `blobs`: where packages and pinned rows lie
    besides the folder."""

    folder: str = ".modelyard"
    metadata: str | None = None
    blobs: BlobPlace | None = None


class Project(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file's head. `connections`, `steps` and `live` are kept as written: no secret is ever in here but what
    `notify` and `store` need."""

    modelyard: int
    name: str
    task: Task
    target: Target
    roles: Roles = Roles()
    connections: tuple[dict[str, Any], ...] = ()
    notify: tuple[Notify, ...] = ()
    timezone: str = "UTC"
    store: str | StorePlace | None = None
    remote: str | None = None
    """Where `modelyard data push` and `pull` keep snapshots: another store's folder."""
    prepare: Literal["auto", "off"] = "auto"
    seed: int = 0
    steps: tuple[dict[str, Any], ...] = field(default_factory=tuple)
    """As written; graph.py makes them steps."""
    live: tuple[dict[str, Any], ...] = field(default_factory=tuple)


def settings(document: Document, environment: Environment | None = None) -> Project:
    """The head, checked. Raises UnknownKey, BadParameter, OutOfScope, MissingVariable."""
    environment = environment or Environment({})
    known_keys(document.data, field_names(Project), "", document)
    _present(document)
    check_task(document.data["task"], document.where("task"))
    raw: dict[str, Any] = {
        key: document.data[key] or () for key in ("steps", "live", "connections") if key in document.data
    }
    head = {key: value for key, value in document.data.items() if key not in raw}
    data = {**environment.expand(head, "", document.where, document.bare), **raw}
    project = decode(data, Project, "", document, environment)
    _check(project, document)
    return project


def _present(document: Document) -> None:
    for key in ("modelyard", "name", "task", "target"):
        if document.data.get(key) is None:
            raise BadParameter(f"`{key}:` is missing", where=document.where(""), way_out=f"Write `{key}: …` at the top")


def _check(project: Project, document: Document) -> None:
    if project.modelyard != FORMAT:
        raise BadParameter(
            f"format {project.modelyard} is not known here",
            where=document.where("modelyard"),
            way_out=f"Write `modelyard: {FORMAT}`, or use the version of Modelyard that wrote the file",
        )
    if not NAME.fullmatch(project.name):
        way_out = "Begin with a letter, go on with letters, digits, - or _; 63 at most"
        raise BadParameter(f"{project.name!r} is no name", where=document.where("name"), way_out=way_out)
    if project.target.known_after is not None:
        microseconds(project.target.known_after)
    if project.target.transform and project.task != "regression":
        raise BadParameter("`transform:` is for a regression", where=document.where("target.transform"))
    if project.target.positive is not None and project.task != "classification":
        raise BadParameter("`positive:` is for a classification", where=document.where("target.positive"))
    if project.target.column in project.roles.never_features:
        raise BadParameter(f"{project.target.column!r} is the target and has a role", where=document.where("roles"))
    try:
        ZoneInfo(project.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        way_out = "Write an IANA name such as Europe/Berlin, or UTC"
        found = f"{project.timezone!r} is no time zone"
        raise BadParameter(found, where=document.where("timezone"), way_out=way_out) from None
