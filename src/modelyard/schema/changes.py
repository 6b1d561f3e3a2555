"""How a table's columns are others than they were: what a source had when a model learned from it, and what it has now.

Whole numbers and numbers are one kind here: of a column of prices a month may have whole ones alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from msgspec import Struct

from modelyard.schema.column import NUMERIC, Kind


class Change(Struct, frozen=True, kw_only=True):
    """One column. `was`: None where it is new; `now`: None where it is gone.

    >>> str(Change(column="town", was="category", now=None))
    "'town' (category) is gone"
    """

    column: str
    was: Kind | None
    now: Kind | None

    def __str__(self) -> str:
        if self.now is None:
            return f"{self.column!r} ({self.was}) is gone"
        if self.was is None:
            return f"{self.column!r} ({self.now}) is new"
        return f"{self.column!r} was {self.was} and is {self.now}"


def changes(was: Mapping[str, Kind], now: Mapping[str, Kind]) -> tuple[Change, ...]:
    """Those gone, those of another kind, those that are new; each in the order of its table.

    >>> [str(one) for one in changes({"a": "integer", "b": "text"}, {"a": "number", "b": "datetime", "c": "text"})]
    ["'b' was text and is datetime", "'c' (text) is new"]
    """
    gone = [Change(column=name, was=kind, now=None) for name, kind in was.items() if name not in now]
    others = [
        Change(column=name, was=kind, now=now[name])
        for name, kind in was.items()
        if name in now and not same_kind(kind, now[name])
    ]
    come = [Change(column=name, was=None, now=kind) for name, kind in now.items() if name not in was]
    return (*gone, *others, *come)


def same_kind(was: Kind, now: Kind) -> bool:
    return was == now or (was in NUMERIC and now in NUMERIC)


def other_name(gone: Change, found: Iterable[Change]) -> str | None:
    """A new column of its kind that may be it: the one called most like it, else the only one.

    >>> gone = Change(column="town", was="category", now=None)
    >>> other_name(gone, [gone, Change(column="town_name", was=None, now="category")])
    'town_name'
    """
    come = [one.column for one in found if one.was is None and one.now and gone.was and same_kind(gone.was, one.now)]
    near = get_close_matches(gone.column, come, n=1, cutoff=0.6)
    return near[0] if near else come[0] if len(come) == 1 else None
