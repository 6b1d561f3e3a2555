"""`modelyard steps [KIND]`: the palette, or one kind with its parameters."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from modelyard.cli.output import columns, document


def command(
    kind: Annotated[str, typer.Argument(help="A kind of step, such as clean.impute.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the kinds of step, or show one with its parameters."""
    from modelyard.step.registry import Registry

    registry = Registry.installed()
    if kind:
        _show(kind, _parameters(registry[kind]), _summary(registry[kind]), json)
        return
    listed = [{"kind": name, "summary": _summary(registry[name])} for name in registry]
    if json:
        document(listed)
    else:
        columns([(each["kind"], each["summary"]) for each in listed])


def _show(kind: str, parameters: list[dict[str, Any]], summary: str, json: bool) -> None:
    if json:
        document({"kind": kind, "summary": summary, "parameters": parameters})
        return
    typer.echo(f"{kind}: {summary}\n")
    columns([(each["name"], each["default"], each["description"]) for each in parameters])


def _summary(step: type) -> str:
    return (step.__doc__ or "").strip().split("\n")[0]


def _parameters(step: type) -> list[dict[str, Any]]:
    """Name, default and description of each parameter, from the one place it is declared."""
    import msgspec

    described = msgspec.json.schema(step)
    (body,) = [value for name, value in described["$defs"].items() if name == step.__name__]
    required = set(body.get("required", ()))
    return [
        {
            "name": name,
            "default": "required" if name in required else msgspec.json.encode(field.get("default")).decode(),
            "description": field.get("description", ""),
        }
        for name, field in body["properties"].items()
        if name != "use"
    ]
