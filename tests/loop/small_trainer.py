"""A real trainer of a small model: gradient boosting on the rows of the log, packaged and signed."""

import polars as pl
from msgspec import convert
from watched_store import OUTCOME, program_model

from modelyard.frame.table import to_table
from modelyard.loop.retrain import Job, Trained, Trainer
from modelyard.package.keys import PrivateKey
from modelyard.package.model import Model
from modelyard.schema.column import Column
from modelyard.schema.contract import Contract
from modelyard.schema.schema import Schema
from modelyard.scoring.instructions import Linear, reals
from modelyard.step.chain import compile_chain
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.step.intake import learn_fields, take_in
from modelyard.step.registry import Registry
from modelyard.step.step import Learns
from modelyard.store.packages import add_package
from modelyard.store.place import Store

FEATURES = ("delay", "distance", "carrier")
COLUMNS = Schema(
    (
        Column(name="delay", kind="number"),
        Column(name="distance", kind="number"),
        Column(name="carrier", kind="category"),
        Column(name="arr_delay", kind="number"),
    )
)


def trainer(store: Store) -> Trainer:
    def train(job: Job) -> Trained:
        frame = pl.read_parquet(str(job.rows))
        table = to_table(frame, COLUMNS).select(FEATURES)
        contract = Contract(learn_fields(table, FEATURES), id="id", time="at", zone="UTC")
        step = convert(
            {"use": "model.hist_gradient_boosting", "trees": 15}, Registry.installed()["model.hist_gradient_boosting"]
        )
        assert isinstance(step, Learns)
        y = (frame["arr_delay"] > 15).cast(pl.Float64).to_numpy()
        fitted = step.learn(Batch(take_in(table, contract), y), Context(outcome=OUTCOME, seed=1))
        made = program_model(job.model, created=job.at)
        program = compile_chain(contract, [fitted.learned], OUTCOME)
        model = Model(name=job.model, program=program, outcome=OUTCOME, created=job.at, label=made.label)
        return Trained(digest=add_package(store, model, PrivateKey.ensure(store.keys)))

    return train


def dull(created: int = 2) -> Model:
    """The simulated truth with a wrong weight on the delay: a champion that is easily beaten."""
    made = program_model(created=created)
    weights = {"weights": reals([[-0.2, 0.8]]), "bias": reals([0.0])}
    changed = tuple(
        Linear(into=one.into, xs=one.xs, **weights) if isinstance(one, Linear) else one
        for one in made.program.instructions
    )
    parts = {name: getattr(made.program, name) for name in made.program.__struct_fields__}
    fields = {name: getattr(made, name) for name in made.__struct_fields__}
    return Model(**{**fields, "program": type(made.program)(**{**parts, "instructions": changed})})
