"""A small model with every sort of field that a package holds."""

import numpy as np

from modelyard.measure.profile import profile
from modelyard.package.model import Evidence, Lineage, Model
from modelyard.package.parity import prove, record
from modelyard.rows.table import coded, table
from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import LabelRule, Outcome
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.engine import Scorer
from modelyard.scoring.instructions import ArithConst, Clip, Fill, Linear, Map, Sigmoid, reals, wholes
from modelyard.scoring.program import Program

OUTCOME = Outcome(task="classification", classes=("False", "True"), labels=(False, True), positive=1)
ROWS = table(x=[0.0, None, 2.5, -1e300, 7.0]).with_({"city": coded(["a", "b", None, "a", "b"], ("a", "b"))})


def program() -> Program:
    takes = Contract((Field(name="x", kind="number"), Field(name="city", kind="category", categories=("a", "b"))))
    builder = ProgramBuilder(takes)
    clipped = builder.add(Clip(into=builder.next, x=0, low=-np.inf, high=5.0))
    city = builder.add(Map(into=builder.next, x=1, table=reals([0.5, -0.5]), missing=float("nan"), unseen=0.0))
    filled = [builder.add(Fill(into=builder.next, x=register, value=0.25)) for register in (clipped, city)]
    linear = Linear(into=builder.next, xs=wholes(filled), weights=reals([[0.3, 1.1]]), bias=reals([-0.2]))
    late = builder.add(Sigmoid(into=builder.next, x=builder.add(linear)))
    builder.score([builder.add(ArithConst(into=builder.next, f="sub", x=late, value=1.0, flip=True)), late])
    return builder.finish(OUTCOME)


def model(name: str = "late") -> Model:
    made = program()
    scorer = Scorer(made)
    answers = scorer.table(ROWS)
    parity = prove(made, scorer.inputs(ROWS), answers.scores, answers.prediction)
    return Model(
        name=name,
        program=made,
        outcome=OUTCOME,
        created=1_700_000_000_000_000,
        label=LabelRule(parents=("arr_delay",), expression="arr_delay > 15"),
        profile=profile(ROWS),
        evidence=Evidence(metrics={"roc_auc": 0.75, "$odd": None}, parity=parity, lineage=Lineage(seed=7)),
        parity=record(made, ROWS),
    )
