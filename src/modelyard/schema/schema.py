"""A table's promise: its columns, in order, by unique name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn
from modelyard.schema.column import Column


class Schema(Struct, frozen=True):
    """
    >>> s = Schema((Column(name="age", kind="number"), Column(name="city", kind="category")))
    >>> s.names, s["age"].kind, "town" in s
    (('age', 'city'), 'number', False)
    """

    columns: tuple[Column, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(column.holds(name) for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.holds(name):
                return column
        raise MissingColumn(f"no column {name!r}", way_out=did_you_mean(name, self.names))

    def keep(self, names: Iterable[str]) -> Schema:
        """Those columns, in the order named; an unknown name is an error."""
        return Schema(tuple(self[name] for name in names))

    def without(self, names: Iterable[str]) -> Schema:
        gone = set(names)
        return Schema(tuple(column for column in self.columns if column.name not in gone))

    def with_(self, *columns: Column) -> Schema:
        """Replaced in place where the name exists, else appended."""
        new = {column.name: column for column in columns}
        kept = tuple(new.pop(column.name, column) for column in self.columns)
        return Schema(kept + tuple(new.values()))

    def renamed(self, names: dict[str, str]) -> Schema:
        return Schema(tuple(replace(c, name=names.get(c.name, c.name)) for c in self.columns))
