"""What a column is for, when it is not a feature."""

from __future__ import annotations

from msgspec import Struct

Names = str | tuple[str, ...] | None


class Roles(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`roles:` of the project file. A column may have several roles; none of these reaches a model.

    >>> Roles(id="k", ignore=("a", "b")).never_features
    ('k', 'a', 'b')
    """

    id: str | None = None
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    sensitive: Names = None
    ignore: Names = None

    @property
    def never_features(self) -> tuple[str, ...]:
        """Columns that steps cannot select. A sensitive column may be a feature; declaring it asks for slices."""
        named = (self.id, self.time, self.group, self.weight)
        return tuple(dict.fromkeys([*(n for n in named if n), *as_names(self.ignore)]))


def as_names(names: Names) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)
