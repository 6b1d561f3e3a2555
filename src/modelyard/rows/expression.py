"""An expression on a table as it stands: what a rule over several columns says, in training and on a request.

The same meaning as `frame/expression.py` and `lowering/expression.py` give it (a test compares all three), over numpy
alone: rules must hold before there is a program, and for words that no program knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from modelyard.rows.table import Floats, Table, Values, Vector
from modelyard.schema.expression import AnyNode, Call, Expression, Infix, Name, Null, Number, Prefix, Text, Truth
from modelyard.schema.expression_kinds import STRINGS, moment

Texts = Mapping[str, Sequence[str | None]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Evaluation:
    """One expression over one table. `texts`: a category column's raw strings, where codes would say only "unseen"."""

    def __init__(self, expression: Expression, table: Table, texts: Texts, zone: str) -> None:
        self.expression, self.table, self.texts, self.zone = expression, table, texts, zone

    def result(self) -> Values:
        """(n,) float64, 1 and 0 for conditions, NaN for null; strings as `str | None`.

        >>> from modelyard.rows.table import table
        >>> from modelyard.schema.expression import parse
        >>> Evaluation(parse("a < b"), table(a=[1.0, 2.0, None], b=[2.0, 1.0, 1.0]), {}, "UTC").result().tolist()
        [1.0, 0.0, nan]
        """
        with np.errstate(all="ignore"):
            return self._of(self.expression.root)

    def _of(self, node: AnyNode) -> Values:
        match node:
            case Number(value=value) | Truth(value=value):
                return np.full(len(self.table), float(value))
            case Null():
                return np.full(len(self.table), np.nan)
            case Text(value=value):
                return np.full(len(self.table), value, dtype=object)
            case Name(name=name):
                return self._column(name)
            case Prefix(op=op, x=x):
                made: Values = 1.0 - self._of(x) if op == "not" else -self._of(x)
                return made
            case Infix():
                return self._infix(node)
            case Call():
                return self._call(node)

    def _column(self, name: str) -> Values:
        vector = self.table.vector(name)
        if vector.kind not in STRINGS:
            return vector.values
        return words(vector, self.texts.get(name))

    def _infix(self, node: Infix) -> Values:
        if node.op in ("and", "or"):
            return _joined(node.op, self._of(node.a), self._of(node.b))
        if node.op in ("==", "!=", "<", "<=", ">", ">="):
            return self._comparison(node)
        a, b = self._of(node.a), self._of(node.b)
        if node.op == "-" and self._dated(node.a):
            return np.asarray((a - b) / 1_000_000.0)
        return np.asarray({"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[node.op](a, b))

    def _comparison(self, node: Infix) -> Values:
        a, b = self._side(node.a, node.b), self._side(node.b, node.a)
        if a.dtype == object:
            equal = np.array([x == y for x, y in zip(a.tolist(), b.tolist(), strict=True)], dtype=np.bool_)
            return _known(equal if node.op == "==" else ~equal, _missing(a) | _missing(b))
        test = {
            "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater,
            ">=": np.greater_equal,
        }[node.op]  # fmt: skip
        return _known(test(a, b), np.isnan(a) | np.isnan(b))

    def _side(self, node: AnyNode, other: AnyNode) -> Values:
        """A literal beside a datetime is a moment."""
        if isinstance(node, Text) and self._dated(other):
            return np.full(len(self.table), moment(self.expression, node, self.zone))
        return self._of(node)

    def _dated(self, node: AnyNode) -> bool:
        """Whether it gives datetimes; an expression that mixes kinds was refused before a row was read."""
        if isinstance(node, Name):
            return self.table.vector(node.name).kind == "datetime"
        return isinstance(node, Call) and node.function == "if" and any(map(self._dated, node.args[1:]))

    def _call(self, node: Call) -> Values:
        first = self._of(node.args[0])
        match node.function:
            case "if":
                return np.where(first == 1.0, self._of(node.args[1]), self._of(node.args[2]))
            case "is_null":
                return _missing(first).astype(np.float64)
            case "hour" | "weekday" | "day" | "month" | "year":
                return self._part(node.function, first)
            case "lower":
                return _lower(first)
            case "contains" | "starts_with":
                return self._sought(node, first)
            case "min" | "max":
                other = self._of(node.args[1])
                return np.asarray((np.minimum if node.function == "min" else np.maximum)(first, other))
        made = {"abs": np.abs, "log": np.log, "log1p": np.log1p, "exp": np.exp, "sqrt": np.sqrt, "floor": np.floor}
        return np.asarray(made[node.function](first))

    def _sought(self, node: Call, texts: Values) -> Floats:
        sought = node.args[1].value if isinstance(node.args[1], Text) else ""
        inside = node.function == "contains"
        return np.array(
            [
                np.nan if text is None else float(sought in text if inside else text.startswith(sought))
                for text in texts.tolist()
            ],
            dtype=np.float64,
        )

    def _part(self, part: str, moments: Values) -> Floats:
        zone = ZoneInfo(self.zone)
        return np.array([np.nan if np.isnan(m) else part_of(part, m, zone) for m in moments.tolist()])


def words(vector: Vector, raw: Sequence[str | None] | None = None) -> Values:
    """(n,) `str | None`: a string column's values. A code that stands for no word known here is "", which is none."""
    found = np.empty(len(vector.values), dtype=object)
    if raw is not None:
        found[:] = list(raw)
    elif vector.kind == "text":
        found[:] = vector.values
    else:
        known = np.array([*vector.categories, "", None], dtype=object)
        codes = np.where(np.isnan(vector.values), len(known) - 1, vector.values).astype(np.intp)
        found[:] = known[np.where(codes < 0, len(known) - 2, codes)]
    return found


def _joined(op: str, a: Values, b: Values) -> Floats:
    """Three-valued: one false makes `and` false, one true makes `or` true, else a null makes it null."""
    decided = 0.0 if op == "and" else 1.0
    return np.where((a == decided) | (b == decided), decided, np.where(np.isnan(a) | np.isnan(b), np.nan, 1 - decided))


def _known(true: Values, null: Values) -> Floats:
    return np.where(null, np.nan, true.astype(np.float64))


def _missing(values: Values) -> Values:
    if values.dtype == object:
        return np.array([value is None for value in values.tolist()], dtype=np.bool_)
    return np.asarray(np.isnan(values))


def _lower(texts: Values) -> Values:
    found = np.empty(len(texts), dtype=object)
    found[:] = [None if text is None else text.lower() for text in texts.tolist()]
    return found


def part_of(part: str, moment: float, zone: ZoneInfo) -> float:
    """Hour, weekday, day, month or year of microseconds since 1970 UTC, in that zone; NaN beyond the calendar."""
    try:
        local = (_EPOCH + timedelta(microseconds=moment)).astimezone(zone)
    except (OverflowError, ValueError):
        return float("nan")
    return float(local.weekday() if part == "weekday" else getattr(local, part))
