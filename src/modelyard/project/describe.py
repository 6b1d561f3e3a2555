"""The step kinds as JSON Schema: what tools, help and docs know of them comes from here, and here from the fields."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from modelyard.errors.project import BrokenPlugin
from modelyard.project.settings import Project
from modelyard.step.registry import Registry
from modelyard.step.step import Learns, Policy, Step, TableStep


def describe(registry: Registry) -> dict[str, dict[str, Any]]:
    """kind: {sort, summary, parameters (JSON Schema by name), required}. A plugin that does not import is
    {sort: broken, summary: why}."""
    found: dict[str, dict[str, Any]] = {}
    for kind in registry:
        try:
            found[kind] = describe_kind(kind, registry[kind])
        except BrokenPlugin as error:
            found[kind] = {"sort": "broken", "summary": str(error), "parameters": {}, "required": []}
    return found


def describe_kind(kind: str, cls: type[Step]) -> dict[str, Any]:
    schema = step_schema(cls)
    parameters = {name: value for name, value in schema["properties"].items() if name != "use"}
    required = [name for name in schema.get("required", ()) if name != "use"]
    summary = cls.summary or _first_sentence(cls)
    return {"sort": _sort(cls), "summary": summary, "parameters": parameters, "required": required}


def step_schema(cls: type[Step]) -> dict[str, Any]:
    """One kind's JSON Schema (draft 2020-12), `use` included; structs inside are under `$defs`.

    >>> from modelyard.project.comparison import Comparison
    >>> sorted(step_schema(Comparison)["properties"])[:3]
    ['candidates', 'choose', 'metrics']
    """
    schema = msgspec.json.schema(cls, ref_template="#/$defs/{name}")
    definitions: dict[str, Any] = dict(schema.get("$defs", {}))
    own: dict[str, Any] = dict(definitions.pop(schema["$ref"].rpartition("/")[2])) if "$ref" in schema else schema
    return {**own, **({"$defs": definitions} if definitions else {})}


def file_schema(registry: Registry) -> dict[str, Any]:
    """JSON Schema of the whole file, for editors: the head, and each entry one of the kinds."""
    head = msgspec.json.schema(Project, ref_template="#/$defs/{name}")
    definitions = dict(head["$defs"])
    project = dict(definitions.pop("Project"))
    entries: dict[str, list[dict[str, Any]]] = {"steps": [], "live": []}
    for kind, cls in _importable(registry):
        schema = step_schema(cls)
        definitions.update(schema.pop("$defs", {}))
        place = {"id": {"type": "string"}, "after": {}}
        properties = {**schema["properties"], "use": {"const": kind}, **place}
        if issubclass(cls, TableStep):
            properties.setdefault("at_serving", {"const": "from_request"})
        required = ["use", *(name for name in schema.get("required", ()) if name != "use")]
        definitions[kind] = {**schema, "properties": properties, "required": required}
        live = issubclass(cls, Policy) and not kind.startswith("evaluate.")
        entries["live" if live else "steps"].append({"$ref": f"#/$defs/{kind}"})
    lists = {name: {"type": "array", "items": {"oneOf": refs}} for name, refs in entries.items()}
    project["properties"] = {**project["properties"], **lists}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **project, "$defs": definitions}


def _importable(registry: Registry) -> list[tuple[str, type[Step]]]:
    found = []
    for kind in registry:
        try:
            found.append((kind, registry[kind]))
        except BrokenPlugin:
            continue
    return found


def _sort(cls: type[Step]) -> str:
    return "table" if issubclass(cls, TableStep) else "learns" if issubclass(cls, Learns) else "policy"


def _first_sentence(cls: type[Step]) -> str:
    """Of the class, else of its file: a class whose docstring is but an example says it above."""
    module = inspect.getmodule(cls)
    for text in (cls.__doc__, module and module.__doc__):
        first = (text or "").strip().split("\n\n")[0].split(">>>")[0]
        if first.strip():
            return " ".join(first.split())
    return ""
