"""`modelyard check`: all that can be known of a project without training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelyard.cli.output import columns, document

if TYPE_CHECKING:
    from modelyard.project.plan import Plan


def command(
    file: Annotated[str, typer.Argument(help="The project file, or its folder.")] = "modelyard.yaml",
    expand: Annotated[bool, typer.Option("--expand", help="Show the steps that `prepare: auto` puts in.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check the project file: steps, columns, candidates, split. Exits 2 with the line and the way out."""
    from modelyard.api.project import Project

    plan = Project.load(file).plan()
    if json:
        document(_facts(plan))
        return
    _print(plan)
    if expand:
        typer.echo("\nAs ordinary steps:")
        for candidate in _facts(plan)["candidates"]:
            for step in candidate["steps"]:
                typer.echo(f"  {candidate['name']}: {step}")


def _facts(plan: Plan) -> dict[str, Any]:
    from modelyard.project.plan import as_written

    split = plan.comparison.split
    return {
        "name": plan.project.name,
        "task": plan.project.task,
        "target": plan.project.target.column,
        "label": {"from": list(plan.label.parents), "expression": plan.label.expression},
        "tables": [node.id for node in plan.tables],
        "columns": [{"name": c.name, "kind": c.kind, "origin": c.origin} for c in plan.schema],
        "may_be_read": list(plan.inputs),
        "caller_must_make": list(plan.from_request),
        "candidates": [
            {"name": c.name, "features": list(c.features), "steps": [as_written(node) for node in c.chain]}
            for c in plan.candidates
        ],
        "split": {"kind": split.kind, "folds": split.folds, "repeats": split.repeats, "gap_us": plan.gap},
        "live": [node.kind for node in plan.live],
    }


def _print(plan: Plan) -> None:
    facts = _facts(plan)
    made = f" = {plan.label.expression}" if plan.label.expression else ""
    typer.echo(f"{facts['name']}: a {facts['task']} of {facts['target']}{made}\n")
    columns([(c["name"], c["kind"], "" if c["origin"] == "input" else c["origin"]) for c in facts["columns"]])
    typer.echo("\nCandidates, each with the steps before it:")
    for candidate in facts["candidates"]:
        typer.echo(f"  {candidate['name']}: {' > '.join(step['use'] for step in candidate['steps'])}")
    if facts["caller_must_make"]:
        typer.echo(f"\nYour caller must send, ready-made: {', '.join(facts['caller_must_make'])}")
    typer.echo("\nThe plan holds.")
