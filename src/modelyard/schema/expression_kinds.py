"""What an expression means on given columns: the kind of every part, checked before a row is read.

Nulls are three-valued, as in SQL: a null in arithmetic or a comparison gives null; `false and null` is false,
`true or null` is true; `if` with a null condition takes its last value. Whatever is no number (0/0, log(-1)) is
null. Strings are columns, `lower(column)` and literals; they are compared with literals, since a program knows a
category only by its code. `datetime - datetime` is seconds; a datetime is compared with another or with a literal
("2013-04-01T06:00", in the project's zone). `weekday` is 0 for Monday.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from modelyard.errors import did_you_mean
from modelyard.errors.data import BadExpression
from modelyard.schema.column import Kind
from modelyard.schema.expression import AnyNode, Call, Expression, Infix, Name, Node, Null, Number, Prefix, Text, Truth
from modelyard.schema.schema import Schema

STRINGS: tuple[Kind, ...] = ("category", "text")
NUMBERS: tuple[Kind, ...] = ("number", "integer", "boolean")
PARTS = ("hour", "weekday", "day", "month", "year")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def kind_of(expression: Expression, schema: Schema) -> Kind:
    """number, boolean, category, text or datetime: what the expression gives. BadExpression says where it cannot.

    >>> from modelyard.schema.column import Column
    >>> from modelyard.schema.expression import parse
    >>> kind_of(parse("delay > 15"), Schema((Column(name="delay", kind="number"),)))
    'boolean'
    """
    return Kinds(expression, schema).of(expression.root)


class Kinds:
    """The kind of each node, for whoever walks the tree."""

    def __init__(self, expression: Expression, schema: Schema) -> None:
        self.expression, self.schema = expression, schema

    def of(self, node: AnyNode) -> Kind:
        match node:
            case Number() | Null():
                return "number"
            case Truth():
                return "boolean"
            case Text():
                return "category"
            case Name(name=name):
                return self._column(name, node.at)
            case Prefix(op=op, x=x):
                self._need(x, ("boolean",) if op == "not" else NUMBERS)
                return "boolean" if op == "not" else "number"
            case Infix():
                return self._infix(node)
            case Call():
                return self._call(node)

    def _column(self, name: str, at: int) -> Kind:
        if name not in self.schema.names:
            raise self.expression.error(f"no column {name!r}", at, did_you_mean(name, self.schema.names))
        kind = self.schema[name].kind
        return "number" if kind == "integer" else kind

    def _need(self, node: AnyNode, kinds: tuple[Kind, ...]) -> Kind:
        kind = self.of(node)
        if isinstance(node, Null) and kinds != STRINGS:
            return kinds[0]
        if kind not in kinds:
            wanted = "a condition" if kinds == ("boolean",) else f"a {kinds[0]}"
            raise self.expression.error(f"{wanted} is needed, this is a {kind}", node.at)
        return kind

    def _infix(self, node: Infix) -> Kind:
        if node.op in ("and", "or"):
            self._need(node.a, ("boolean",))
            self._need(node.b, ("boolean",))
            return "boolean"
        if node.op in COMPARISONS:
            return self._comparison(node)
        if node.op == "-" and self.of(node.a) == "datetime":
            self._need(node.b, ("datetime",))
            return "number"
        self._need(node.a, NUMBERS)
        self._need(node.b, NUMBERS)
        return "number"

    def _comparison(self, node: Infix) -> Kind:
        if any(isinstance(side, Null) for side in (node.a, node.b)):
            raise self.expression.error("a comparison with null is never true", node.at, "write is_null(x)")
        a, b = self.of(node.a), self.of(node.b)
        if "datetime" in (a, b):
            self._moment(node.a, a)
            self._moment(node.b, b)
        elif a in STRINGS or b in STRINGS:
            self._strings(node, a, b)
        return "boolean"

    def _moment(self, node: AnyNode, kind: Kind) -> None:
        if isinstance(node, Text):
            moment(self.expression, node, "UTC")
        elif kind != "datetime":
            raise self.expression.error(f"a datetime is needed, this is a {kind}", node.at)

    def _strings(self, node: Infix, a: Kind, b: Kind) -> None:
        if not (a in STRINGS and b in STRINGS):
            raise self.expression.error(f"a {a} cannot be compared with a {b}", node.at)
        if node.op not in ("==", "!="):
            raise self.expression.error(f"strings have no {node.op}", node.at, "use ==, !=, contains or starts_with")
        if isinstance(node.a, Text) == isinstance(node.b, Text):
            raise self.expression.error("a string is compared with a literal", node.at, 'write city == "Rome"')

    def _call(self, node: Call) -> Kind:
        first = node.args[0]
        if node.function == "if":
            return self._if(node)
        if node.function == "is_null":
            self.of(first)
            return "boolean"
        if node.function in PARTS:
            self._need(first, ("datetime",))
            return "number"
        if node.function in ("lower", "contains", "starts_with"):
            return self._string_call(node)
        for arg in node.args:
            self._need(arg, NUMBERS)
        return "number"

    def _string_call(self, node: Call) -> Kind:
        kind = self._need(node.args[0], STRINGS)
        if isinstance(node.args[0], Text):
            raise self.expression.error(f"{node.function} works on a column, not a literal", node.args[0].at)
        if node.function == "lower":
            return kind
        if not isinstance(node.args[1], Text):
            raise self.expression.error(f"{node.function} looks for a literal", node.args[1].at)
        return "boolean"

    def _if(self, node: Call) -> Kind:
        self._need(node.args[0], ("boolean",))
        chosen = node.args[1:]
        kinds = {self.of(arg) for arg in chosen if not isinstance(arg, Null)} or {"number"}
        if kinds <= {"boolean"} or kinds <= {"datetime"}:
            return kinds.pop()
        for arg in chosen:
            self._need(arg, NUMBERS)
        return "number"


def moment(expression: Expression, node: Text, zone: str) -> float:
    """A literal moment in microseconds UTC; without an offset it is in `zone`."""
    try:
        when = datetime.fromisoformat(node.value)
    except ValueError:
        raise expression.error(f"{node.value!r} is no date", node.at, "write 2013-04-01 or 2013-04-01T06:00") from None
    placed = when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone))
    apart = placed.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return float(apart.days * 86_400_000_000 + apart.seconds * 1_000_000 + apart.microseconds)


__all__ = ["COMPARISONS", "NUMBERS", "PARTS", "STRINGS", "BadExpression", "Kinds", "Node", "kind_of", "moment"]
