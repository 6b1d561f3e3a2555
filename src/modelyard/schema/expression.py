"""The expressions of the project file (`arr_delay > 15`, `if(is_null(age), 0, age)`): our own parsed grammar.

Why not Python's: an expression comes from a file and ends up inside a server, so it may hold only what can be written
down as instructions. Nothing here is ever evaluated as code. The grammar is in docs/expressions.md; its words are taken
apart in `expression_tokens`; what an expression means on a table's columns is said in `expression_kinds`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from modelyard.errors import did_you_mean
from modelyard.errors.data import BadExpression
from modelyard.schema.expression_tokens import Token, bad, tokens
from modelyard.schema.word import one_form

LENGTH, DEPTH = 4_000, 60
"""Caps: characters, and how deep operators and calls may nest."""

Operator = Literal["or", "and", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/"]

FUNCTIONS: dict[str, int] = {
    "if": 3, "is_null": 1, "abs": 1, "min": 2, "max": 2, "log": 1, "log1p": 1, "exp": 1, "sqrt": 1, "floor": 1,
    "hour": 1, "weekday": 1, "day": 1, "month": 1, "year": 1, "lower": 1, "contains": 2, "starts_with": 2,
}  # fmt: skip
"""Each function and how many arguments it takes."""


class Node(Struct, frozen=True, tag_field="is"):
    at: int
    """Where in the text it starts, from 0."""


class Number(Node, frozen=True, tag="number"):
    value: float


class Text(Node, frozen=True, tag="text"):
    value: str


class Truth(Node, frozen=True, tag="truth"):
    value: bool


class Null(Node, frozen=True, tag="null"):
    pass


class Name(Node, frozen=True, tag="name"):
    name: str


class Prefix(Node, frozen=True, tag="prefix"):
    op: Literal["-", "not"]
    x: AnyNode


class Infix(Node, frozen=True, tag="infix"):
    op: Operator
    a: AnyNode
    b: AnyNode


class Call(Node, frozen=True, tag="call"):
    function: str
    args: tuple[AnyNode, ...]


AnyNode = Number | Text | Truth | Null | Name | Prefix | Infix | Call


class Expression(Struct, frozen=True):
    text: str
    root: AnyNode

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it reads, each once, in the order met.

        >>> parse("if(b > a, b, 0)").names
        ('b', 'a')
        """
        return tuple(dict.fromkeys(node.name for node in walk(self.root) if isinstance(node, Name)))

    def error(self, found: str, at: int, way_out: str = "") -> BadExpression:
        """An error that points at the place."""
        return bad(self.text, found, at, way_out)


def walk(node: AnyNode) -> Iterator[AnyNode]:
    yield node
    match node:
        case Prefix(x=x):
            yield from walk(x)
        case Infix(a=a, b=b):
            yield from walk(a)
            yield from walk(b)
        case Call(args=args):
            for arg in args:
                yield from walk(arg)
        case _:
            return


def parse(text: str) -> Expression:
    """The expression, or BadExpression with the place.

    >>> parse("carrier in ['AA', 'UA']").names
    ('carrier',)
    """
    if len(text) > LENGTH:
        raise BadExpression(f"an expression of {len(text)} characters is longer than {LENGTH}")
    return _Parser(text).expression()


_LEVELS: tuple[tuple[Operator, ...], ...] = (("+", "-"), ("*", "/"))
_COMPARISONS: tuple[Operator, ...] = ("==", "!=", "<=", ">=", "<", ">")


class _Parser:
    """Recursive descent, one method a level. `depth` counts what is open, `_deep` how deep each node is."""

    def __init__(self, text: str) -> None:
        self.whole = Expression(text, Null(0))
        self.tokens = tokens(text)
        self.place = 0
        self.depth = 0
        self._deep: dict[int, int] = {}
        self._made: list[AnyNode] = []

    def expression(self) -> Expression:
        root = self._or()
        if self._now.sort != "end":
            raise self.whole.error(f"{self._now.value!r} follows a finished expression", self._now.at)
        return Expression(self.whole.text, root)

    @property
    def _now(self) -> Token:
        return self.tokens[self.place]

    def _took(self, *values: str) -> Token | None:
        """The token, if it is one of those words or signs; quoted names and texts never are."""
        token = self._now
        if token.value in values and token.sort in ("sign", "name"):
            self.place += 1
            return token
        return None

    def _must(self, value: str) -> None:
        if not self._took(value):
            met = repr(self._now.value) if self._now.sort != "end" else "the end"
            raise self.whole.error(f"{value!r} is missing before {met}", self._now.at)

    def _make(self, node: AnyNode, *parts: AnyNode) -> AnyNode:
        deep = 1 + max((self._deep[id(part)] for part in parts), default=0)
        if deep > DEPTH:
            raise self.whole.error(f"the expression nests deeper than {DEPTH}", node.at)
        self._deep[id(node)] = deep
        self._made.append(node)
        return node

    def _infix(self, op: Operator, a: AnyNode, b: AnyNode) -> AnyNode:
        return self._make(Infix(a.at, op, a, b), a, b)

    def _or(self) -> AnyNode:
        self.depth += 1
        if self.depth > DEPTH:
            raise self.whole.error(f"the expression nests deeper than {DEPTH}", self._now.at)
        node = self._and()
        while self._took("or"):
            node = self._infix("or", node, self._and())
        self.depth -= 1
        return node

    def _and(self) -> AnyNode:
        node = self._not()
        while self._took("and"):
            node = self._infix("and", node, self._not())
        return node

    def _not(self) -> AnyNode:
        opened: list[int] = []
        while token := self._took("not"):
            opened.append(token.at)
        node = self._comparison()
        for at in reversed(opened):
            node = self._make(Prefix(at, "not", node), node)
        return node

    def _comparison(self) -> AnyNode:
        left = self._sum(0)
        if self._took("in"):
            return self._in(left)
        for op in _COMPARISONS:
            if self._took(op):
                node = self._infix(op, left, self._sum(0))
                if self._now.value in _COMPARISONS and self._now.sort == "sign":
                    raise self.whole.error("comparisons do not chain", self._now.at, "write `a < b and b < c`")
                return node
        return left

    def _in(self, left: AnyNode) -> AnyNode:
        """`x in ["a", "b"]` is `x == "a" or x == "b"`."""
        self._must("[")
        tests = [self._infix("==", left, self._sum(0))]
        while self._took(","):
            tests.append(self._infix("==", left, self._sum(0)))
        self._must("]")
        while len(tests) > 1:
            pairs = [self._infix("or", *tests[i : i + 2]) for i in range(0, len(tests) - 1, 2)]
            tests = pairs + tests[2 * len(pairs) :]
        return tests[0]

    def _sum(self, level: int) -> AnyNode:
        if level == len(_LEVELS):
            return self._signed()
        node = self._sum(level + 1)
        while True:
            for op in _LEVELS[level]:
                if self._took(op):
                    node = self._infix(op, node, self._sum(level + 1))
                    break
            else:
                return node

    def _signed(self) -> AnyNode:
        opened: list[int] = []
        while token := self._took("-"):
            opened.append(token.at)
        node = self._primary()
        for at in reversed(opened):
            node = self._make(Prefix(at, "-", node), node)
        return node

    def _primary(self) -> AnyNode:
        token = self._now
        self.place += 1
        if token.sort == "number":
            return self._make(Number(token.at, float(token.value)))
        if token.sort == "text":
            return self._make(Text(token.at, one_form(re.sub(r"\\(.)", r"\1", token.value[1:-1]))))
        if token.sort == "quoted":
            return self._make(Name(token.at, token.value))
        if token.sort == "name":
            return self._word(token)
        if token.value == "(":
            node = self._or()
            self._must(")")
            return node
        missing = "something is missing at the end" if token.sort == "end" else f"{token.value!r} cannot stand here"
        raise self.whole.error(missing, token.at)

    def _word(self, token: Token) -> AnyNode:
        if self._took("("):
            return self._call(token)
        if token.value in ("true", "false"):
            return self._make(Truth(token.at, token.value == "true"))
        if token.value == "null":
            return self._make(Null(token.at))
        if token.value in ("and", "or", "not", "in", "if"):
            raise self.whole.error(f"{token.value!r} cannot stand here", token.at, "a column of that name: `name`")
        return self._make(Name(token.at, token.value))

    def _call(self, token: Token) -> AnyNode:
        wanted = FUNCTIONS.get(token.value)
        if wanted is None:
            hint = did_you_mean(token.value, FUNCTIONS)
            raise self.whole.error(f"no function {token.value!r}", token.at, hint)
        args = [self._or()]
        while self._took(","):
            args.append(self._or())
        self._must(")")
        if len(args) != wanted:
            raise self.whole.error(f"{token.value} takes {wanted}, not {len(args)} values", token.at)
        return self._make(Call(token.at, token.value, tuple(args)), *args)
