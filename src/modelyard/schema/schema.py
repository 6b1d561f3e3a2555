"""A table's promise: its columns, in order, by unique name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn
from modelyard.schema.column import Column


class Schema(Struct, frozen=True, dict=True):
    """`dict`: so that what is asked for once per column (`places`) is made once per schema, not once per question.

    >>> s = Schema((Column(name="age", kind="number"), Column(name="city", kind="category")))
    >>> s.names, s["age"].kind, "town" in s
    (('age', 'city'), 'number', False)
    """

    columns: tuple[Column, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def places(self) -> dict[str, int]:
        """Name -> position of the column that is called so."""
        return {name: place for place, name in reversed(list(enumerate(self.names)))}

    @cached_property
    def _groups(self) -> tuple[int, ...]:
        return tuple(place for place, column in enumerate(self.columns) if column.open)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._place(name) is not None

    def __getitem__(self, name: str) -> Column:
        place = self._place(name)
        if place is None:
            raise MissingColumn(f"no column {name!r}", way_out=did_you_mean(name, self.names))
        return self.columns[place]

    def _place(self, name: str) -> int | None:
        """Of the first column that is called so or whose open group holds the name."""
        own = self.places.get(name)
        groups = (place for place in self._groups if self.columns[place].holds(name))
        return min((place for place in (own, next(groups, None)) if place is not None), default=None)

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
