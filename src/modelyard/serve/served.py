"""Which model at which revision, and how it is served: all that a reply and a log line say of it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from modelyard.schema.column import Kind
from modelyard.schema.contract import Contract
from modelyard.schema.target import LabelRule, Outcome
from modelyard.store.serving import Durability


class Served(Struct, frozen=True, kw_only=True, eq=False):
    name: str
    digest: str
    revision: int
    version: int = 0
    """The package's number in the registry; 0 where it has none."""
    contract: Contract
    outcome: Outcome
    label: LabelRule | None = None
    durability: Durability = "fsync"
    without: frozenset[str] = frozenset()
    """Columns that the log never holds (`log: {without: […]}`)."""
    labels: Mapping[str, Kind] = {}
    """What the columns of the truth must be."""
