"""Aggregations as polars: the argument is made a column per row first, then the rows of a group become one value."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from modelyard.errors.data import WrongType
from modelyard.frame.expression import to_polars_expr
from modelyard.schema.aggregate import Aggregation
from modelyard.schema.expression_kinds import kind_of
from modelyard.schema.schema import Schema

ANY_KIND = ("count", "first", "last", "distinct", "min", "max")


def arguments(wanted: Mapping[str, Aggregation], schema: Schema, zone: str) -> dict[str, pl.Expr]:
    """`__of_NAME` -> what is aggregated, per row, null where nothing is known."""
    found: dict[str, pl.Expr] = {}
    for name, one in wanted.items():
        if one.of is not None:
            kind = kind_of(one.of, schema)
            if one.function not in ANY_KIND and kind not in ("number", "integer", "boolean"):
                raise WrongType(f"{one.function}({one.of.text}) of a {kind}", way_out="Aggregate a number")
            made = to_polars_expr(one.of, schema, zone)
            found[f"__of_{name}"] = made if one.function in ANY_KIND else made.cast(pl.Float64)
    return found


def aggregated(wanted: Mapping[str, Aggregation], prefix: str = "__of_") -> dict[str, pl.Expr]:
    """NAME -> the value of a group of rows with those arguments. A sum of nothing is 0, all else of nothing null."""
    return {name: value_of(one.function, pl.col(prefix + name) if one.of else None) for name, one in wanted.items()}


def value_of(function: str, of: pl.Expr | None) -> pl.Expr:
    """What rows with those values come to; without an argument, how many they are."""
    if of is None:
        return pl.len().cast(pl.Int64)
    known = of.drop_nulls()
    match function:
        case "count":
            return of.count().cast(pl.Int64)
        case "distinct":
            return known.n_unique().cast(pl.Int64)
        case "first":
            return known.first()
        case "last":
            return known.last()
        case "std":
            return of.std()
        case "median":
            return of.median()
        case "mean":
            return of.mean()
        case "min":
            return of.min()
        case "max":
            return of.max()
        case _:
            return of.sum()
