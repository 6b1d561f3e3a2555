"""How scikit-learn's scalers map one number to another, written as instructions operation for operation.

Each form keeps the library's own order of roundings: `(x − centre) / scale` is not `a·x + b`, and `x·scale + low` is
not `(x − min) / range`. Null stays null.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Apply, Arith, ArithConst, Binary, Const, Floats, Interp, Select, Unary, reals

EPS = 2.0**-52
NAN = float("nan")


class Centred(Struct, frozen=True, tag="centred"):
    """(x − centre) / scale: standard, robust, and with centre 0 max_abs."""

    centre: float
    scale: float

    def emit(self, program: ProgramBuilder, x: int) -> int:
        return constant(program, "div", constant(program, "sub", x, self.centre), self.scale)


class Stretched(Struct, frozen=True, tag="stretched"):
    """x·scale + low: min_max."""

    scale: float
    low: float

    def emit(self, program: ProgramBuilder, x: int) -> int:
        return constant(program, "add", constant(program, "mul", x, self.scale), self.low)


class Ranked(Struct, frozen=True, tag="ranked", eq=False):
    """The share of training rows below x. Among repeated quantiles the middle of both ends is taken, as the library
    does: read upwards and downwards, and halved. The ends are exactly 0 and 1."""

    quantiles: Floats
    references: Floats

    def emit(self, program: ProgramBuilder, x: int) -> int:
        up = program.add(Interp(x=x, xs=self.quantiles, ys=self.references))
        mirrored = applied(program, "neg", x)
        down = program.add(Interp(x=mirrored, xs=reals(-self.quantiles[::-1]), ys=reals(-self.references[::-1])))
        share = constant(program, "mul", program.add(Arith(f="sub", a=up, b=down)), 0.5)
        for edge, end in ((self.quantiles[-1], 1.0), (self.quantiles[0], 0.0)):
            at = constant(program, "eq", x, float(edge))
            share = program.add(Select(test=at, a=program.add(Const(value=end)), b=share))
        return share


class Power(Struct, frozen=True, tag="power"):
    """Yeo–Johnson or Box–Cox with `exponent` (lambda), then centred. Box–Cox has no value where x ≤ 0: null."""

    method: Literal["yeo_johnson", "box_cox"]
    exponent: float
    after: Centred

    def emit(self, program: ProgramBuilder, x: int) -> int:
        bent = self._yeo_johnson(program, x) if self.method == "yeo_johnson" else self._box_cox(program, x)
        return self.after.emit(program, bent)

    def _yeo_johnson(self, program: ProgramBuilder, x: int) -> int:
        up = _raised(program, applied(program, "log1p", x), self.exponent, EPS)
        mirrored = applied(program, "log1p", applied(program, "neg", x))
        down = applied(program, "neg", _raised(program, mirrored, 2.0 - self.exponent, EPS))
        return program.add(Select(test=constant(program, "ge", x, 0.0), a=up, b=down))

    def _box_cox(self, program: ProgramBuilder, x: int) -> int:
        bent = _raised(program, applied(program, "log", x), self.exponent, 1e-19)
        positive = constant(program, "gt", x, 0.0)
        return program.add(Select(test=positive, a=bent, b=program.add(Const(value=NAN))))


Curve = Centred | Stretched | Ranked | Power


def _raised(program: ProgramBuilder, log: int, exponent: float, least: float) -> int:
    """(base^exponent − 1) / exponent from the base's logarithm; the logarithm itself where the exponent is 0."""
    if abs(exponent) < least:
        return log
    grown = applied(program, "expm1", constant(program, "mul", log, exponent))
    return constant(program, "div", grown, exponent)


def constant(program: ProgramBuilder, f: Binary, x: int, value: float) -> int:
    """The register of `x f value`."""
    return program.add(ArithConst(f=f, x=x, value=value))


def applied(program: ProgramBuilder, f: Unary, x: int) -> int:
    """The register of f(x)."""
    return program.add(Apply(f=f, x=x))
