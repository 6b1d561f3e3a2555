"""Two versions side by side: what they read, how they did on their holdouts, what the gate said of them.

Their holdouts may be different rows; whether one is better is said by the gate alone, which judged both on the same.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from modelyard.api.connection import Connection
from modelyard.api.package import Package
from modelyard.errors.store import UnknownVersion
from modelyard.schema.contract import Field
from modelyard.schema.pin import Input
from modelyard.store.records import read_records


class Side(Struct, frozen=True, kw_only=True):
    name: str
    version: int | None
    digest: str
    created: int
    kind: str
    """Of the winner, by the evidence; empty where there is none."""
    instructions: int
    equality: str
    input: Input | None = None
    """What it was made of; None where that was not kept."""


class Diff(Struct, frozen=True, kw_only=True):
    """`columns`: name -> what changed of it. `metrics`: metric -> its two values on the holdouts. `gates`: what the
    loop measured of the one against the other."""

    before: Side
    after: Side
    columns: dict[str, str]
    metrics: dict[str, tuple[float | None, float | None]]
    gates: list[dict[str, Any]]


def diff(yard: Connection, before: str, after: str) -> Diff:
    """Raises UnknownVersion, also for versions of two models."""
    old, new = Package.load(before, yard.where), Package.load(after, yard.where)
    if old.name != new.name:
        raise UnknownVersion(f"{old.name} and {new.name} are two models", who="diff", way_out="Name versions of one")
    with yard.metadata.begin() as sql:
        gates = [record.document for record in read_records(sql, "gate", old.name)]
    return Diff(
        before=_side(old),
        after=_side(new),
        columns=_columns(old.contract.fields, new.contract.fields),
        metrics=_metrics(old, new),
        gates=[gate for gate in gates if {gate["challenger"], gate["against"]} == {old.digest, new.digest}],
    )


def _side(package: Package) -> Side:
    evidence, program = package.model.evidence.metrics, package.model.program
    kinds = {one["name"]: one["kind"] for one in evidence.get("candidates", ())}
    return Side(
        name=package.name,
        version=package.version,
        digest=package.digest,
        created=package.model.created,
        kind=str(kinds.get(evidence.get("winner"), "")),
        instructions=len(program.instructions),
        equality=program.equality,
        input=package.model.evidence.lineage.input,
    )


def _columns(before: tuple[Field, ...], after: tuple[Field, ...]) -> dict[str, str]:
    old, new = {field.name: field for field in before}, {field.name: field for field in after}
    gone = {name: "no longer read" for name in old if name not in new}
    come = {name: "read now" for name in new if name not in old}
    changed = {name: _changed(old[name], new[name]) for name in new if name in old and old[name] != new[name]}
    return {**gone, **come, **changed}


def _changed(before: Field, after: Field) -> str:
    """
    >>> _changed(Field(name="a", kind="category", categories=("x",)), Field(name="a", kind="category", nullable=False))
    'null no longer allowed, categories: x gone'
    """
    said = [f"{before.kind} -> {after.kind}"] if before.kind != after.kind else []
    if before.nullable != after.nullable:
        said.append("null allowed now" if after.nullable else "null no longer allowed")
    gone, come = set(before.categories) - set(after.categories), set(after.categories) - set(before.categories)
    words = [f"{_some(names)} {what}" for names, what in ((gone, "gone"), (come, "new")) if names]
    return ", ".join([*said, *([f"categories: {', '.join(words)}"] if words else [])]) or "read otherwise"


def _some(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _metrics(before: Package, after: Package) -> dict[str, tuple[float | None, float | None]]:
    old, new = (side.model.evidence.holdout.get("metrics", {}) for side in (before, after))
    return {name: (_value(old.get(name)), _value(new.get(name))) for name in dict.fromkeys([*old, *new])}


def _value(found: Any) -> float | None:
    value = found.get("value") if isinstance(found, dict) else getattr(found, "value", found)
    return float(value) if isinstance(value, int | float) else None
