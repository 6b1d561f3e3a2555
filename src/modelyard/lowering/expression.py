"""An expression as instructions, equal to what `frame/expression.py` computes.

A category is a code in a program, so a test on it is a lookup over the vocabulary that training saw. A value that
it never saw is equal to no literal (`==` false, `!=` true) and unknown to `contains` and `starts_with` (null). A text
comes in as it is and is looked at itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from modelyard.errors.data import WrongType
from modelyard.lowering.dates import emit_part
from modelyard.rows.table import Table, Vector
from modelyard.schema.column import Column
from modelyard.schema.contract import Contract, Field
from modelyard.schema.expression import AnyNode, Call, Expression, Infix, Name, Null, Number, Prefix, Text, Truth
from modelyard.schema.expression_kinds import COMPARISONS, PARTS, STRINGS, Kinds, moment
from modelyard.schema.schema import Schema
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.engine import execute
from modelyard.scoring.instructions import Apply, Arith, ArithConst, Binary, Const, IsNan, Map, Select, Unary, reals
from modelyard.scoring.text_instructions import Test, TextMatch

NAN = float("nan")
BINARY: Mapping[str, Binary] = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt",
    ">=": "ge", "and": "and", "or": "or", "min": "min", "max": "max",
}  # fmt: skip
UNARY: Mapping[str, Unary] = {
    "abs": "abs", "log": "log", "log1p": "log1p", "exp": "exp", "sqrt": "sqrt", "floor": "floor",
    "-": "neg", "not": "not",
}  # fmt: skip


def emit(expression: Expression, program: ProgramBuilder, fields: Sequence[Field], zone: str = "UTC") -> int:
    """The register that holds the expression. `fields`: kinds and categories of the columns that it reads."""
    return _Emitter(expression, program, fields, zone).of(expression.root)


def gives(expression: Expression, fields: Sequence[Field], name: str) -> Field:
    """The column that the expression makes; a lower-cased category has the lower-cased vocabulary.

    >>> from modelyard.schema.expression import parse
    >>> gives(parse("lower(c)"), (Field(name="c", kind="category", categories=("A", "B", "a")),), "d").categories
    ('a', 'b')
    """
    kind = Kinds(expression, _schema(fields)).of(expression.root)
    if kind not in STRINGS:
        return Field(name=name, kind=kind)
    words = _words(expression.root, fields)
    return Field(name=name, kind="category", categories=tuple(sorted(set(words))))


def evaluate(expression: Expression, table: Table, zone: str = "UTC") -> Vector:
    """The expression on a table, by the instructions (labels of late truths; needs no DataFrame)."""
    fields = tuple(Field(name=n, kind=table.vector(n).kind, categories=table.vector(n).categories)
                   for n in expression.names)  # fmt: skip
    made = gives(expression, fields, "it")
    program = ProgramBuilder(Contract(fields))
    register = emit(expression, program, fields, zone)
    inputs = [table[field.name] for field in fields]
    values = execute(program.instructions, inputs, program.registers, [register], len(table))[0]
    return Vector(made.kind, values, made.categories)


def _schema(fields: Sequence[Field]) -> Schema:
    return Schema(tuple(Column(name=field.name, kind=field.kind) for field in fields))


def _words(node: AnyNode, fields: Sequence[Field]) -> tuple[str, ...]:
    """The vocabulary behind a string: one word per code."""
    if isinstance(node, Call):
        return tuple(word.lower() for word in _words(node.args[0], fields))
    if isinstance(node, Name):
        field = next(field for field in fields if field.name == node.name)
        if field.kind == "text":
            way_out = 'ask of it: == "…", contains, starts_with'
            raise WrongType(f"column {node.name!r} is text, of which a program makes no other", way_out=way_out)
        return field.categories
    raise WrongType("a literal string is no column", way_out="name a category column")


class _Emitter:
    def __init__(self, expression: Expression, program: ProgramBuilder, fields: Sequence[Field], zone: str) -> None:
        self.expression, self.program, self.fields, self.zone = expression, program, fields, zone
        self.kinds = Kinds(expression, _schema(fields))
        self.kinds.of(expression.root)

    def of(self, node: AnyNode) -> int:
        match node:
            case Number(value=value) | Truth(value=value):
                return self.program.add(Const(into=self.program.next, value=float(value)))
            case Null():
                return self.program.add(Const(into=self.program.next, value=NAN))
            case Name(name=name):
                return self.program.register(name)
            case Prefix(op=op, x=x):
                return self._unary(UNARY[op], self.of(x))
            case Infix():
                return self._infix(node)
            case Call():
                return self._call(node)
            case Text():
                raise WrongType("a literal string is no column", way_out="name a category column")

    def _unary(self, f: Unary, x: int) -> int:
        return self.program.add(Apply(into=self.program.next, f=f, x=x))

    def _infix(self, node: Infix) -> int:
        kinds = (self.kinds.of(node.a), self.kinds.of(node.b))
        if "datetime" in kinds:
            apart = self._two(BINARY[node.op], self._moment(node.a), self._moment(node.b))
            return apart if node.op in COMPARISONS else self._seconds(apart)
        if kinds[0] in STRINGS:
            return self._equals(node)
        return self._two(BINARY[node.op], self._number(node.a), self._number(node.b))

    def _number(self, node: AnyNode) -> int | float:
        return node.value if isinstance(node, Number) else self.of(node)

    def _moment(self, node: AnyNode) -> int | float:
        return moment(self.expression, node, self.zone) if isinstance(node, Text) else self.of(node)

    def _seconds(self, micros: int) -> int:
        return self.program.add(ArithConst(into=self.program.next, f="div", x=micros, value=1_000_000.0))

    def _two(self, f: Binary, a: int | float, b: int | float) -> int:
        """A float is a constant, an int a register."""
        into = self.program.next
        if isinstance(a, int) and isinstance(b, int):
            return self.program.add(Arith(into=into, f=f, a=a, b=b))
        if isinstance(a, int):
            return self.program.add(ArithConst(into=into, f=f, x=a, value=float(b)))
        if isinstance(b, int):
            return self.program.add(ArithConst(into=into, f=f, x=b, value=a, flip=True))
        constant = self.program.add(Const(into=into, value=a))
        return self._two(f, constant, b)

    def _equals(self, node: Infix) -> int:
        column, literal = (node.b, node.a) if isinstance(node.a, Text) else (node.a, node.b)
        sought = literal.value if isinstance(literal, Text) else ""
        if self.kinds.of(column) == "text":
            equal = self._match(column, "equals", sought)
            return equal if node.op == "==" else self._unary("not", equal)
        if node.op == "==":
            return self._lookup(column, lambda word: word == sought, unseen=0.0)
        return self._lookup(column, lambda word: word != sought, unseen=1.0)

    def _lookup(self, column: AnyNode, test: Callable[[str], bool], unseen: float) -> int:
        answers = reals([float(test(word)) for word in _words(column, self.fields)])
        codes = self._codes(column)
        return self.program.add(Map(into=self.program.next, x=codes, table=answers, missing=NAN, unseen=unseen))

    def _match(self, column: AnyNode, test: Test, sought: str) -> int:
        """1, 0, or NaN of a null; of a text column, perhaps in small letters."""
        lower = isinstance(column, Call)
        return self.program.add(TextMatch(x=self._codes(column), how=test, sought=sought, lower=lower))

    def _codes(self, node: AnyNode) -> int:
        """The register of the codes that `_words` is the vocabulary of."""
        return self._codes(node.args[0]) if isinstance(node, Call) else self.of(node)

    def _call(self, node: Call) -> int:
        first = node.args[0]
        match node.function:
            case "if":
                test, a, b = (self.of(arg) for arg in node.args)
                return self.program.add(Select(into=self.program.next, test=test, a=a, b=b))
            case "is_null":
                return self.program.add(IsNan(into=self.program.next, x=self._known(first)))
            case "lower":
                return self._lower(node)
            case "contains" | "starts_with":
                return self._search(node)
            case "min" | "max":
                return self._two(BINARY[node.function], self._number(first), self._number(node.args[1]))
            case part if part in PARTS:
                return emit_part(part, self.of(first), self.program, self.zone)
            case function:
                return self._unary(UNARY[function], self.of(first))

    def _known(self, node: AnyNode) -> int:
        """A register that is NaN where the node is null."""
        kind = self.kinds.of(node)
        if kind == "text":
            return self._match(node, "contains", "")
        return self._codes(node) if kind == "category" else self.of(node)

    def _search(self, node: Call) -> int:
        sought = node.args[1].value if isinstance(node.args[1], Text) else ""
        if self.kinds.of(node.args[0]) == "text":
            return self._match(node.args[0], "contains" if node.function == "contains" else "starts_with", sought)
        if node.function == "contains":
            return self._lookup(node.args[0], lambda word: sought in word, unseen=NAN)
        return self._lookup(node.args[0], lambda word: word.startswith(sought), unseen=NAN)

    def _lower(self, node: Call) -> int:
        words = _words(node, self.fields)
        rank = {word: float(code) for code, word in enumerate(sorted(set(words)))}
        ranks = reals([rank[word] for word in words])
        codes = self._codes(node)
        return self.program.add(Map(into=self.program.next, x=codes, table=ranks, missing=NAN, unseen=-1.0))
