"""An expression as polars: what table.filter and table.derive compute, equal to what the instructions compute.

Everything numeric is a Float64 in which NaN is null, so that `0/0` and a missing value behave alike on both sides.
"""

from __future__ import annotations

import polars as pl

from modelyard.schema.expression import AnyNode, Call, Expression, Infix, Name, Null, Number, Prefix, Text, Truth
from modelyard.schema.expression_kinds import COMPARISONS, NUMBERS, PARTS, Kinds, moment
from modelyard.schema.schema import Schema


def to_polars_expr(expression: Expression, schema: Schema, zone: str = "UTC") -> pl.Expr:
    """Float64, Boolean, String or Datetime UTC by the expression's kind. Datetime columns are UTC; date parts and
    literal moments are of `zone`.

    >>> from modelyard.frame.schema import schema_of
    >>> from modelyard.schema.expression import parse
    >>> df = pl.DataFrame({"a": [1, 2, None]})
    >>> df.select(to_polars_expr(parse("a / 2"), schema_of(df)))["a"].to_list()
    [0.5, 1.0, None]
    """
    kinds = Kinds(expression, schema)
    kinds.of(expression.root)
    return _Polars(expression, kinds, zone).of(expression.root)


class _Polars:
    def __init__(self, expression: Expression, kinds: Kinds, zone: str) -> None:
        self.expression, self.kinds, self.zone = expression, kinds, zone

    def of(self, node: AnyNode) -> pl.Expr:
        if never_known(node):
            return pl.lit(None, dtype=pl.Float64)
        match node:
            case Number(value=value):
                return pl.lit(value, dtype=pl.Float64)
            case Null():
                return pl.lit(None, dtype=pl.Float64)
            case Truth(value=value):
                return pl.lit(value)
            case Text(value=value):
                return pl.lit(value)
            case Name(name=name):
                return self._column(name)
            case Prefix(op=op, x=x):
                return ~self.condition(x) if op == "not" else -self.number(x)
            case Infix():
                return self._infix(node)
            case Call():
                return self._call(node)

    def number(self, node: AnyNode) -> pl.Expr:
        return self.of(node).cast(pl.Float64)

    def condition(self, node: AnyNode) -> pl.Expr:
        return self.of(node).cast(pl.Boolean)

    def _column(self, name: str) -> pl.Expr:
        kind = self.kinds.schema[name].kind
        if kind in ("number", "integer"):
            return pl.col(name).cast(pl.Float64).fill_nan(None)
        if kind == "boolean":
            return pl.col(name).cast(pl.Boolean)
        return pl.col(name) if kind == "datetime" else pl.col(name).cast(pl.String)

    def _infix(self, node: Infix) -> pl.Expr:
        if node.op == "and":
            return self.condition(node.a) & self.condition(node.b)
        if node.op == "or":
            return self.condition(node.a) | self.condition(node.b)
        if node.op in COMPARISONS:
            return self._comparison(node)
        if node.op == "-" and self.kinds.of(node.a) == "datetime":
            return (self._micros(node.a) - self._micros(node.b)) / 1_000_000.0
        a, b = _per_row(self.number(node.a), self.number(node.b))
        made = {"+": a + b, "-": a - b, "*": a * b, "/": a / b}[node.op]
        return made.fill_nan(None)

    def _comparison(self, node: Infix) -> pl.Expr:
        kinds = (self.kinds.of(node.a), self.kinds.of(node.b))
        if "datetime" in kinds:
            a, b = self._micros(node.a), self._micros(node.b)
        elif kinds[0] in NUMBERS:
            a, b = self.number(node.a), self.number(node.b)
        else:
            a, b = self.of(node.a), self.of(node.b)
        return {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[node.op]

    def _micros(self, node: AnyNode) -> pl.Expr:
        if isinstance(node, Text):
            return pl.lit(moment(self.expression, node, self.zone), dtype=pl.Float64)
        return self.of(node).dt.timestamp("us").cast(pl.Float64)

    def _call(self, node: Call) -> pl.Expr:
        first = node.args[0]
        if node.function == "if":
            return self._if(node)
        if node.function == "is_null":
            return self.of(first).is_null()
        if node.function in PARTS:
            return self._part(node.function, self.of(first))
        if node.function in ("lower", "contains", "starts_with"):
            return self._string(node)
        if node.function in ("min", "max"):
            a, b = (self.number(arg) for arg in node.args)
            # min_horizontal skips nulls, and gives one row where a side is a literal null: a comparison does neither.
            chosen = pl.when(b < a if node.function == "min" else b > a).then(b).otherwise(a)
            return pl.when(a.is_not_null() & b.is_not_null()).then(chosen)
        x = self.number(first)
        made = {
            "abs": x.abs(),
            "log": x.log(),
            "log1p": x.log1p(),
            "exp": x.exp(),
            "sqrt": x.sqrt(),
            "floor": x.floor(),
        }
        return made[node.function].fill_nan(None)

    def _if(self, node: Call) -> pl.Expr:
        test, a, b = node.args
        if self.kinds.of(node) == "number":
            return pl.when(self.condition(test)).then(self.number(a)).otherwise(self.number(b))
        return pl.when(self.condition(test)).then(self._or_null(a)).otherwise(self._or_null(b))

    def _or_null(self, node: AnyNode) -> pl.Expr:
        return pl.lit(None) if isinstance(node, Null) else self.of(node)

    def _part(self, part: str, when: pl.Expr) -> pl.Expr:
        local = when.dt.convert_time_zone(self.zone).dt
        if part == "weekday":
            return (local.weekday() - 1).cast(pl.Float64)
        made = {"hour": local.hour(), "day": local.day(), "month": local.month(), "year": local.year()}
        return made[part].cast(pl.Float64)

    def _string(self, node: Call) -> pl.Expr:
        text = self.of(node.args[0]).str
        if node.function == "lower":
            return text.to_lowercase()
        sought = node.args[1].value if isinstance(node.args[1], Text) else ""
        return text.contains(sought, literal=True) if node.function == "contains" else text.starts_with(sought)


def _per_row(a: pl.Expr, b: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """With a scalar on one side polars takes short cuts that round or sign otherwise: it multiplies by the reciprocal,
    negates for `0 - x`, leaves out `x + 0`. As a column of its own the constant meets plain IEEE arithmetic."""
    if not b.meta.root_names():
        b = pl.when(a.is_not_null()).then(b)
    if not a.meta.root_names():
        a = pl.when(b.is_not_null()).then(a)
    return a, b


def never_known(node: AnyNode) -> bool:
    """Whether a number is null whatever the row, because a literal null went into it. polars loses the height of a
    `when` over such a null, so it is said as what it is: one literal."""
    match node:
        case Null():
            return True
        case Prefix(op="-", x=x):
            return never_known(x)
        case Infix(op="+" | "-" | "*" | "/", a=a, b=b):
            return never_known(a) or never_known(b)
        case Call(function="if", args=(_, a, b)):
            return never_known(a) and never_known(b)
        case Call(function="min" | "max" | "abs" | "sqrt" | "floor" | "log" | "log1p" | "exp", args=args):
            return any(map(never_known, args))
        case _:
            return False
