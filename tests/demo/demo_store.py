"""A store with a small signed model of flights, and what its segments hold."""

import json
from collections import Counter

from modelyard.demo.traffic import Day, Flight
from modelyard.package.keys import PrivateKey
from modelyard.package.model import Model
from modelyard.package.write import write
from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import LabelRule, Outcome
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import ArithConst, Linear, Sigmoid, reals, wholes
from modelyard.store.place import Store
from modelyard.store.pointer import Pointer, set_pointer

FIELDS = tuple(
    Field(name=name, kind="category" if name in ("carrier", "origin", "dest") else "number", nullable=False)
    for name in ("carrier", "origin", "dest", "distance", "sched_dep_time", "sched_arr_time", "dep_delay")
)


def promote(store: Store, bias: float, revision: int) -> str:
    """Late or not by the delay at departure alone; `bias` tells versions apart."""
    builder = ProgramBuilder(Contract(fields=FIELDS, id="id", time="departs", zone="UTC"))
    linear = Linear(into=builder.next, xs=wholes([6]), weights=reals([[0.05]]), bias=reals([bias]))
    late = builder.add(Sigmoid(into=builder.next, x=builder.add(linear)))
    early = builder.add(ArithConst(into=builder.next, f="sub", x=late, value=1.0, flip=True))
    builder.score([early, late])
    outcome = Outcome(task="classification", classes=("False", "True"), labels=(False, True), positive=1)
    label = LabelRule(parents=("arr_delay",), expression="arr_delay > 15")
    model = Model(name="late", program=builder.finish(outcome), outcome=outcome, created=revision, label=label)
    staged = store.packages / f"staged-{revision}"
    digest = write(model, staged, PrivateKey.ensure(store.keys))
    staged.rename(store.package(digest))
    set_pointer(store.pointer, "late", Pointer(revision, digest, revision))
    return digest


def logged(store: Store, kind: str) -> Counter[str]:
    ids: Counter[str] = Counter()
    for path in store.segments.iterdir():
        for line in path.read_bytes().split(b"\n")[:-1]:
            record = json.loads(line[9:])
            ids[record["id"]] += record["kind"] == kind
    return +ids


def flights_of(*them: Day) -> list[Flight]:
    return [flight for day in them for hour in day.hours for flight in hour.flights]
