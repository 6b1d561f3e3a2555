"""A condition as SQL: what of `where:` a database can decide, so that rows which cannot match never travel.

The SQL lets through every row that matches, and perhaps more; the reader then keeps those that match. So nothing hangs
on collations (MariaDB finds 'RED' equal to 'red'), on how a decimal is rounded, or on what a database thinks of NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import polars as pl

from modelyard.frame.sql.session import Field, Session
from modelyard.schema.expression import AnyNode, Call, Expression, Infix, Name, Number, Prefix, Text
from modelyard.schema.expression_kinds import moment

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
EXACT = 2**53


def pushed(expression: Expression, fields: Mapping[str, Field], session: Session, zone: str) -> str | None:
    """A condition that every matching row fulfils; None: there is nothing that the database can decide."""
    return _Pushed(expression, fields, session, zone).of(expression.root)


class _Pushed:
    def __init__(self, expression: Expression, fields: Mapping[str, Field], session: Session, zone: str) -> None:
        self.expression, self.fields, self.session, self.zone = expression, fields, session, zone

    def of(self, node: AnyNode) -> str | None:
        match node:
            case Infix(op="and", a=a, b=b):
                sides = [side for side in (self.of(a), self.of(b)) if side is not None]
                return " AND ".join(sides) or None
            case Infix(op="or", a=a, b=b):
                left, right = self.of(a), self.of(b)
                return None if left is None or right is None else f"({left} OR {right})"
            case Infix(op=op, a=Name(name=name), b=(Number() | Text()) as value) if op in _TURNED:
                return self._compared(name, op, value)
            case Infix(op=op, a=(Number() | Text()) as value, b=Name(name=name)) if op in _TURNED:
                return self._compared(name, _TURNED[op], value)
            case Call(function="is_null", args=(Name(name=name),)):
                return self._null(name)
            case Prefix(op="not", x=Call(function="is_null", args=(Name(name=name),))):
                return f"{self._column(name)} IS NOT NULL"
            case _:
                return None

    def _column(self, name: str) -> str:
        return self.fields[name].sql.format(self.session.quote(name))

    def _null(self, name: str) -> str | None:
        """A NaN is null to us, and a number to a database."""
        return None if self.fields[name].dtype == pl.Float64 else f"{self.session.quote(name)} IS NULL"

    def _compared(self, name: str, op: str, value: Number | Text) -> str | None:
        field = self.fields[name]
        if isinstance(value, Number):
            return self._number(field, op, value.value) if field.dtype in (pl.Int64, pl.Float64) else None
        if isinstance(field.dtype, pl.Datetime):
            return self._moment(field, op, value)
        if field.dtype != pl.String or op != "==" or "\0" in value.value:
            return None
        return f"{self._column(name)} = {self.session.literal(value.value)}"

    def _moment(self, field: Field, op: str, value: Text) -> str | None:
        when = self.session.moment(field, round(moment(self.expression, value, self.zone)))
        sign: Literal["=", "<>"] | str = {"==": "=", "!=": "<>"}.get(op, op)
        return None if when is None else f"{self.session.quote(field.name)} {sign} {when}"

    def _number(self, field: Field, op: str, value: float) -> str | None:
        """Exact for whole numbers; else one step wider, for a decimal may be rounded on its way to us."""
        column = self.session.quote(field.name)
        if field.dtype == pl.Int64 and value.is_integer() and abs(value) < EXACT:
            sign = {"==": "=", "!=": "<>"}.get(op, op)
            return self.session.sure(column, f"{column} {sign} {int(value)}")
        low, high = math.nextafter(value, -math.inf), math.nextafter(value, math.inf)
        if op == "!=" or not (math.isfinite(low) and math.isfinite(high)):
            return None
        wide = {"<": f"< {high!r}", "<=": f"<= {high!r}", ">": f"> {low!r}", ">=": f">= {low!r}",
                "==": f"BETWEEN {low!r} AND {high!r}"}[op]  # fmt: skip
        return self.session.sure(column, f"{column} {wide}")
