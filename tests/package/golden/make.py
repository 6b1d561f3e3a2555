"""Made the packages beside it, once: `python tests/package/golden/make.py NAME`. It refuses to make one again.

A package that is checked in is never remade: it shows that what was written then is read now (see manifest.FORMAT).
The key is public on purpose and trusted nowhere else.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from modelyard.measure.profile import profile
from modelyard.package.keys import PrivateKey, TrustedKey, trust_key
from modelyard.package.model import Evidence, Lineage, Model, Parity
from modelyard.package.parity import record
from modelyard.package.write import write
from modelyard.rows.table import Vector, coded, table
from modelyard.schema.contract import Contract, Field
from modelyard.schema.pin import Input, Pin, Window
from modelyard.schema.rules import ColumnRule
from modelyard.schema.target import LabelRule, Outcome
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import (
    Apply,
    Arith,
    ArithConst,
    Bins,
    Clip,
    Const,
    Decide,
    Fill,
    Interp,
    IsNan,
    Linear,
    Map,
    Nearest,
    OneHot,
    Select,
    Sigmoid,
    Softmax,
    Trees,
    reals,
    wholes,
)
from modelyard.scoring.text_instructions import TextHash, TextMatch, TextTfidf, TextTraits

HERE = Path(__file__).parent
KEY = PrivateKey(Ed25519PrivateKey.from_private_bytes(b"a golden key, for tests only ..."))


def every_word() -> Model:
    """A program with each of the seventeen words that format 1 began with."""
    city = Field(name="city", kind="category", categories=("a", "b", "$c"))
    fields = (Field(name="x", kind="number"), city, Field(name="when", kind="datetime", zone="UTC"))
    rules = (ColumnRule(column="x", min=-10.0, otherwise="warn"),)
    b = ProgramBuilder(Contract(fields, rules, id="key", time="when", zone="UTC"))
    missing = b.add(IsNan(into=b.next, x=0))
    filled = b.add(Fill(into=b.next, x=0, value=1.5))
    clipped = b.add(Clip(into=b.next, x=filled, low=-np.inf, high=9.0))
    rooted = b.add(Apply(into=b.next, f="sqrt", x=b.add(Apply(into=b.next, f="abs", x=clipped))))
    hour = b.add(ArithConst(into=b.next, f="div", x=2, value=3.6e9))
    hour = b.add(ArithConst(into=b.next, f="mod", x=b.add(Apply(into=b.next, f="floor", x=hour)), value=24.0))
    binned = b.add(Bins(into=b.next, x=hour, edges=reals([6.0, 12.0, 18.0])))
    shaped = b.add(Interp(into=b.next, x=clipped, xs=reals([0.0, 5.0]), ys=reals([0.0, 1.0])))
    mapped = b.add(Map(into=b.next, x=1, table=reals([0.1, -0.2, 0.3]), missing=0.0, unseen=-1.0))
    first = b.add(OneHot(into=b.next, x=1, slots=3))
    one = b.add(Const(into=b.next, value=0.125))
    either = b.add(Select(into=b.next, test=missing, a=one, b=rooted))
    both = b.add(Arith(into=b.next, f="add", a=either, b=shaped))
    trees = b.add(
        Trees(
            into=b.next,
            xs=wholes([clipped, 1]),
            feature=wholes([0, -1, 1, -1, -1]),
            threshold=reals([2.0, 0.0, 0.0, 0.0, 0.0]),
            left=wholes([1, 0, 3, 1, 2]),
            right=wholes([2, 0, 4, 0, 0]),
            flags=np.array([1, 0, 2, 0, 0], dtype=np.uint8),
            bits=np.array([5], dtype=np.uint32),
            bits_at=wholes([0, 0, 0, 0, 0]),
            bits_words=wholes([0, 0, 1, 0, 0]),
            roots=wholes([0]),
            outputs=wholes([0]),
            leaves=reals([[0.5], [-0.25], [0.75]]),
            base=reals([0.1]),
        )
    )
    xs = [both, binned, mapped, first, first + 1, first + 2, trees]
    linear = b.add(
        Linear(into=b.next, xs=wholes(xs), weights=reals(np.arange(14).reshape(2, 7) / 7 - 1), bias=reals([0, 1]))
    )
    squeezed = b.add(Sigmoid(into=b.next, x=linear))
    soft = b.add(Softmax(into=b.next, xs=wholes([squeezed, linear + 1])))
    b.score([soft, soft + 1])
    b.prediction = b.add(Decide(into=b.next, xs=wholes([soft + 1]), rule="greater", at=0.5))
    outcome = Outcome(task="classification", classes=("no", "yes"), labels=("no", "yes"), positive=1)
    program = b.finish(outcome)
    days = np.array([0.0, 9e9, 3.2e9, 5.4e10, 8.64e10, 1.7e15])
    rows = table(x=[None, -3.0, 0.25, 2.0, 2.0000001, 50.0]).with_(
        {
            "city": coded(["a", "b", None, "$c", "zz", "a"], city.categories),
            "when": table(when=days.tolist()).vector("when"),
        }
    )
    return Model(
        name="every-word",
        program=program,
        outcome=outcome,
        created=1_763_000_000_000_000,
        label=LabelRule(parents=("arr_delay",), expression="arr_delay > 15"),
        profile=profile(rows, days),
        evidence=Evidence(
            metrics={"roc_auc": {"value": 0.75, "low": 0.7, "high": 0.8}},
            parity=Parity(equality="blas", max_abs_diff=0.0, labels_different=0, at_boundary=0, rows=6),
            lineage=Lineage(seed=7, libraries={"numpy": np.__version__}),
        ),
        parity=record(program, rows),
    )


def nearest() -> Model:
    """A program with the word that fills gaps from donors, which may have gaps themselves."""
    fields = (Field(name="x", kind="number"), Field(name="y", kind="number"))
    b = ProgramBuilder(Contract(fields))
    donors = reals([[0.0, 1.0], [2.0, np.nan], [4.0, 9.0]])
    b.score([b.add(Nearest(xs=wholes([0, 1]), donors=donors, fallback=reals([2.0, 5.0]), count=2)) + 1])
    program = b.finish(Outcome(task="regression"))
    rows = table(x=[0.5, 3.0, None, None, 1.0], y=[None, None, 8.0, None, 0.25])
    return Model(
        name="nearest",
        program=program,
        outcome=Outcome(task="regression"),
        created=1_764_000_000_000_000,
        evidence=Evidence(
            metrics={},
            parity=Parity(equality="exact", max_abs_diff=0.0, labels_different=0, at_boundary=0, rows=5),
            lineage=Lineage(seed=7, libraries={"numpy": np.__version__}),
        ),
        parity=record(program, rows),
    )


def text() -> Model:
    """A program with the words over text."""
    fields = (Field(name="note", kind="text"), Field(name="x", kind="number"))
    b = ProgramBuilder(Contract(fields))
    weights = b.add(
        TextTfidf(x=0, vocabulary=("fog", "late", "late fog"), idf=reals([2.0, 1.5, 3.0]), longest=2, sublinear=True)
    )
    hashed = b.add(TextHash(x=0, slots=4, pieces="char_wb", shortest=2, longest=3, norm="l1"))
    whole = b.add(TextHash(x=0, slots=2))
    traits = b.add(TextTraits(x=0, traits=("characters", "words", "longest_word", "letters", "capitals", "digits",
                                           "punctuation", "spaces")))  # fmt: skip
    xs = [1, *range(weights, weights + 3), *range(hashed, hashed + 4), whole, whole + 1]
    known = [b.add(Fill(x=traits + place, value=-1.0)) for place in range(8)]
    coefficients = reals([np.arange(1, 19) / 7 - 1])
    b.score([b.add(Linear(xs=wholes([*xs, *known]), weights=coefficients, bias=reals([0.5])))])
    program = b.finish(Outcome(task="regression"))
    notes = np.empty(6, dtype=object)
    notes[:] = ["Late fog, late FOG!", "", None, "Straße 9 İstanbul", "a  b\tc\x00", "no such words 😀"]
    rows = table(x=[0.5, 3.0, 1.0, -2.0, 1.0, 0.25]).with_({"note": Vector("text", notes)})
    return Model(
        name="text",
        program=program,
        outcome=Outcome(task="regression"),
        created=1_764_000_000_000_000,
        evidence=Evidence(
            metrics={},
            parity=Parity(equality="blas", max_abs_diff=0.0, labels_different=0, at_boundary=0, rows=6),
            lineage=Lineage(seed=7, libraries={"numpy": np.__version__}),
        ),
        parity=record(program, rows),
    )


def pinned() -> Model:
    """A package that says what it was made of: sources with and without a cursor, rows of the log."""
    b = ProgramBuilder(Contract((Field(name="x", kind="number"),)))
    b.score([b.add(Linear(into=b.next, xs=wholes([0]), weights=reals([[2.0]]), bias=reals([0.5])))])
    program = b.finish(Outcome(task="regression"))
    orders = Pin(kind="read.sql", columns={"n": "integer", "x": "number"}, rows=90, digest="ab" * 32, cursor="n",
                 upto=89, version="cd" * 32)  # fmt: skip
    files = Pin(kind="read.csv", columns={"x": "number"}, digest="ef" * 32)
    read = Input(digest="01" * 32, rows=120, columns={"x": "number"}, sources={"orders": orders, "files": files},
                 log=Window(since=0, until=9, rows=30, digest="23" * 32))  # fmt: skip
    rows = table(x=[0.5, 3.0, -1.0])
    return Model(
        name="pinned",
        program=program,
        outcome=Outcome(task="regression"),
        created=1_764_000_000_000_000,
        evidence=Evidence(lineage=Lineage(seed=7, libraries={"numpy": np.__version__}, input=read)),
        parity=record(program, rows),
    )


def match() -> Model:
    """A program that asks of a text what it is, contains and begins with."""
    b = ProgramBuilder(Contract((Field(name="note", kind="text"),)))
    asked = [
        b.add(TextMatch(x=0, how="equals", sought="late")),
        b.add(TextMatch(x=0, how="contains", sought="fog", lower=True)),
        b.add(TextMatch(x=0, how="starts_with", sought="É")),
    ]
    known = [b.add(Fill(x=one, value=0.25)) for one in asked]
    b.score([b.add(Linear(xs=wholes(known), weights=reals([[1.0, 2.0, 4.0]]), bias=reals([0.5])))])
    program = b.finish(Outcome(task="regression"))
    notes = np.empty(6, dtype=object)
    notes[:] = ["late", "Late FOG", "Étage", "", None, "early"]
    rows = table(x=[0.0] * 6).with_({"note": Vector("text", notes)})
    return Model(
        name="match",
        program=program,
        outcome=Outcome(task="regression"),
        created=1_764_000_000_000_000,
        evidence=Evidence(lineage=Lineage(seed=7, libraries={"numpy": np.__version__})),
        parity=record(program, rows),
    )


MODELS = {
    "format-1-every-word": every_word,
    "format-1-match": match,
    "format-1-nearest": nearest,
    "format-1-pinned": pinned,
    "format-1-text": text,
}

if __name__ == "__main__":
    target = HERE / sys.argv[1]
    if target.exists():
        raise SystemExit(f"{target.name} is checked in and stays as it is")
    sys.stdout.write(write(MODELS[target.name](), target, KEY) + "\n")
    trust_key(HERE / "trusted", TrustedKey(public=KEY.public.hex()))
