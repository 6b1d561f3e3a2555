"""Columns that a native part filled, given on without a copy through Arrow's C interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl


class _Exported:
    def __init__(self, capsules: tuple[object, object]) -> None:
        self._capsules = capsules

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self._capsules


def exported(capsules: tuple[object, object], names: Sequence[str]) -> dict[str, pl.Series]:
    """A struct array, as the native parts hand it over -> its columns, (n,) each, under these names."""
    made = pl.Series(_Exported(capsules)).struct.unnest()
    return dict(zip(names, made.get_columns(), strict=True))


def side_by_side(columns: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Those columns, of one length, under those names. Given a dict, polars looks at each column several times, which
    is most of the time of a block of thousands.

    >>> side_by_side({"a": pl.Series("a", [1]), "b": pl.Series([2])}).columns
    ['a', 'b']
    """
    if "" in columns:  # a list's nameless column would be given a name
        return pl.DataFrame(dict(columns))
    return pl.DataFrame([one if one.name == name else one.alias(name) for name, one in columns.items()])
