"""An expression on one row of plain numbers, made ready once: what a rule over several columns costs a request.

The same meaning as `rows/expression.py` has over arrays (a property test compares them), without arrays: of those, one
row would need a dozen. Where Python raises what numpy answers with infinity, the call raises ArithmeticError or
ValueError, and the row is read the long way.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

import numpy as np

from modelyard.rows.expression import part_of
from modelyard.rows.json import Record
from modelyard.rows.table import Floats
from modelyard.schema.column import Kind
from modelyard.schema.expression import AnyNode, Call, Expression, Infix, Name, Null, Number, Prefix, Text, Truth
from modelyard.schema.expression_kinds import PARTS, STRINGS, moment
from modelyard.schema.word import one_form

OneRow = Callable[[Sequence[float], Record], float]
"""The inputs and the record that they were read from -> a number, NaN for null, 1 and 0 for conditions."""
_String = Callable[[Record], str | None]
_NAN = math.nan
_TESTS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
_ARRAYS: dict[str, Callable[[Floats], Floats]] = {"log": np.log, "log1p": np.log1p, "exp": np.exp}


def on_one_row(expression: Expression, kinds: Mapping[str, Kind], zone: str) -> OneRow:
    """`kinds`: the columns in the order of the inputs. Category columns are read from the record, as words.

    >>> from modelyard.schema.expression import parse
    >>> holds = on_one_row(parse("low <= high"), {"low": "number", "high": "number"}, "UTC")
    >>> holds([1, 2.5], {}), holds([3, 2.5], {}), holds([float("nan"), 1], {})
    (1.0, 0.0, nan)
    """
    return _Compiler(expression, kinds, zone).number(expression.root)


class _Compiler:
    def __init__(self, expression: Expression, kinds: Mapping[str, Kind], zone: str) -> None:
        self.expression, self.kinds, self.zone = expression, kinds, zone
        self.places = {name: place for place, name in enumerate(kinds)}

    def number(self, node: AnyNode) -> OneRow:
        match node:
            case Number(value=value) | Truth(value=value):
                return _always(float(value))
            case Name(name=name):
                place = self.places[name]
                return lambda inputs, _: float(inputs[place])
            case Prefix(op=op, x=x):
                of = self.number(x)
                return (lambda i, r: 1.0 - of(i, r)) if op == "not" else (lambda i, r: -of(i, r))
            case Infix():
                return self._infix(node)
            case Call():
                return self._call(node)
            case Null() | Text():
                return _always(_NAN)

    def _infix(self, node: Infix) -> OneRow:
        if node.op in ("and", "or"):
            return _joined(0.0 if node.op == "and" else 1.0, self.number(node.a), self.number(node.b))
        if node.op in _TESTS:
            return self._comparison(node)
        a, b, both = self.number(node.a), self.number(node.b), _ARITHMETIC[node.op]
        if node.op == "-" and self._dated(node.a):
            return lambda i, r: (a(i, r) - b(i, r)) / 1_000_000.0
        return lambda i, r: both(a(i, r), b(i, r))

    def _comparison(self, node: Infix) -> OneRow:
        if self._worded(node.a) or self._worded(node.b):
            return _same(self.string(node.a), self.string(node.b), node.op == "==")
        a, b, test = self._side(node.a, node.b), self._side(node.b, node.a), _TESTS[node.op]

        def compared(inputs: Sequence[float], record: Record) -> float:
            x, y = a(inputs, record), b(inputs, record)
            return float(test(x, y)) if x == x and y == y else _NAN

        return compared

    def _side(self, node: AnyNode, other: AnyNode) -> OneRow:
        """A literal beside a datetime is a moment."""
        if isinstance(node, Text) and self._dated(other):
            return _always(moment(self.expression, node, self.zone))
        return self.number(node)

    def _call(self, node: Call) -> OneRow:
        first = node.args[0]
        if node.function in ("contains", "starts_with"):
            return _sought(self.string(first), self.string(node.args[1]), node.function == "contains")
        if node.function == "is_null":
            return self._is_null(first)
        x = self.number(first)
        if node.function in ("if", "min", "max"):
            return _chosen(node.function, x, [self.number(arg) for arg in node.args[1:]])
        if node.function in PARTS:
            part, zone = node.function, ZoneInfo(self.zone)
            return lambda i, r: _NAN if (m := x(i, r)) != m else part_of(part, m, zone)
        f = _function(node.function)
        return lambda i, r: f(x(i, r))

    def _is_null(self, node: AnyNode) -> OneRow:
        if self._worded(node) or isinstance(node, Text):
            word = self.string(node)
            return lambda _, record: float(word(record) is None)
        x = self.number(node)
        return lambda i, r: float((value := x(i, r)) != value)

    def string(self, node: AnyNode) -> _String:
        match node:
            case Name(name=name):
                return lambda record: None if (word := record.get(name)) is None else one_form(word)
            case Call(args=args):
                inner = self.string(args[0])
                return lambda record: None if (word := inner(record)) is None else word.lower()
            case Text(value=value):
                return lambda _: value
        return lambda _: None

    def _worded(self, node: AnyNode) -> bool:
        if isinstance(node, Name):
            return self.kinds[node.name] in STRINGS
        return isinstance(node, Call) and node.function == "lower"

    def _dated(self, node: AnyNode) -> bool:
        if isinstance(node, Name):
            return self.kinds[node.name] == "datetime"
        return isinstance(node, Call) and node.function == "if" and any(map(self._dated, node.args[1:]))


def _always(value: float) -> OneRow:
    return lambda inputs, record: value


def _joined(decided: float, a: OneRow, b: OneRow) -> OneRow:
    """Three-valued, as `and` (a false decides) or `or` (a true does)."""

    def joined(inputs: Sequence[float], record: Record) -> float:
        x = a(inputs, record)
        if x == decided:
            return decided
        y = b(inputs, record)
        return decided if y == decided else _NAN if x != x or y != y else 1.0 - decided

    return joined


def _same(a: _String, b: _String, equal: bool) -> OneRow:
    def same(inputs: Sequence[float], record: Record) -> float:
        x, y = a(record), b(record)
        return _NAN if x is None or y is None else float((x == y) is equal)

    return same


def _sought(where: _String, what: _String, inside: bool) -> OneRow:
    def sought(inputs: Sequence[float], record: Record) -> float:
        word, part = where(record), what(record) or ""
        return _NAN if word is None else float(part in word if inside else word.startswith(part))

    return sought


def _chosen(function: str, x: OneRow, others: Sequence[OneRow]) -> OneRow:
    if function == "if":
        return lambda i, r: (others[0] if x(i, r) == 1.0 else others[1])(i, r)
    take: Callable[[float, float], float] = min if function == "min" else max

    def chosen(inputs: Sequence[float], record: Record) -> float:
        a, b = x(inputs, record), others[0](inputs, record)
        return take(a, b) if a == a and b == b else _NAN

    return chosen


def _function(name: str) -> Callable[[float], float]:
    if name in _ARRAYS:
        return _by_array(_ARRAYS[name])
    whole: dict[str, Callable[[float], float]] = {
        "abs": abs,
        "sqrt": lambda x: math.sqrt(x) if x >= 0 else _NAN,
        "floor": lambda x: float(math.floor(x)) if math.isfinite(x) else x,
    }
    return whole[name]


def _by_array(function: Callable[[Floats], Floats]) -> Callable[[float], float]:
    """By numpy's own loop, whose last bit is not always that of the C library."""

    def by_array(x: float) -> float:
        with np.errstate(all="ignore"):
            return float(function(np.array([x]))[0])

    return by_array
