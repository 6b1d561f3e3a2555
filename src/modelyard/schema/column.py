"""A column's promise: its name, kind, whether it may be empty, and where it comes from."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from modelyard.errors.data import BadColumnName

Kind = Literal["number", "integer", "boolean", "category", "text", "datetime"]
Origin = Literal["input", "label", "table"]
"""`input`: a request can carry it. `label`: derived from the target, never a feature. `table`: made by a table step,
so a request cannot carry it unless that step says `at_serving: from_request`."""

NUMERIC: tuple[Kind, ...] = ("number", "integer")


class Column(Struct, frozen=True, kw_only=True):
    """One column. A name ending in `=*` is an open group (`carrier=*`): how many columns it is, is learned.

    >>> Column(name="carrier=*", kind="number").open
    True
    """

    name: str
    kind: Kind
    nullable: bool = True
    origin: Origin = "input"
    zero_one: bool = False
    """Numbers from 0 to 1 (slots of categories, flags, weights of words): on a scale already."""

    def __post_init__(self) -> None:
        named(self.name)

    @property
    def open(self) -> bool:
        return self.name.endswith("=*")

    def holds(self, name: str) -> bool:
        """Whether the concrete column `name` is this column or a member of this open group."""
        return name.startswith(self.name[:-1]) if self.open else name == self.name


def named(name: str, place: str = "") -> str:
    """The name, where a column may be called so. `place`: of its table. Raises BadColumnName.

    >>> named("town=*")
    'town=*'
    """
    if name == "*" or (name.startswith("^") and name.endswith("$")):
        where = f"column {name!r}" if not place else f"{place}, column {name!r}"
        raise BadColumnName(f"a column is called {name!r}", where=where)
    return name
