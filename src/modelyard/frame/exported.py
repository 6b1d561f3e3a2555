"""Columns that a native part filled, given on without a copy through Arrow's C interface."""

from __future__ import annotations

from collections.abc import Sequence

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
