"""A store with a small signed model that is watched, and a simulated stream through its log."""

import hashlib
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from modelyard.loop.counting import counter
from modelyard.loop.ship import Shipped, ship
from modelyard.package.keys import PrivateKey
from modelyard.package.model import Evidence, Model
from modelyard.rows.table import Floats, Table, Vector, coded
from modelyard.run.reference import Unseen, reference
from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import LabelRule, Outcome
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.engine import Scorer
from modelyard.scoring.instructions import ArithConst, Fill, Linear, OneHot, Sigmoid, reals, wholes
from modelyard.store.metadata import Metadata
from modelyard.store.packages import add_package
from modelyard.store.place import Store
from modelyard.store.segments import write_segment
from modelyard.store.versions import promote, register

DAY, HOUR = 86_400_000_000, 3_600_000_000
START = 15_000 * DAY
"""2011-01-26: whole days, where the live stream begins; the reference lies before it."""
WALL = 30_000 * DAY
PER_DAY = 300
TAKES = Contract(
    fields=(
        Field(name="delay", kind="number"),
        Field(name="distance", kind="number"),
        Field(name="carrier", kind="category", categories=("AA", "B6", "UA")),
    ),
    id="id",
    time="at",
    zone="UTC",
)
OUTCOME = Outcome(task="classification", classes=("false", "true"), labels=(False, True), positive=1)


class Rows:
    """n rows a day over `days` days from `start`; what happens is a function of the row alone (and of `flip`)."""

    def __init__(
        self, days: int, start: int, seed: int, shift: float = 0.0, flip: float = 0.0, nulls: float = 0.0
    ) -> None:
        rng = np.random.default_rng(seed)
        n = days * PER_DAY
        self.event = (
            start + np.arange(days).repeat(PER_DAY) * DAY + np.sort(rng.integers(0, DAY, (days, PER_DAY))).ravel()
        )
        self.delay: Floats = rng.normal(size=n) + shift
        self.delay[rng.random(n) < 0.02 + nulls] = np.nan
        self.distance: Floats = rng.gamma(2.0, 500.0, n)
        self.carrier: list[str] = rng.choice(["AA", "B6", "UA"], n, p=[0.5, 0.3, 0.2]).tolist()
        # Late more often the larger the delay; `flip`: the share of rows where a coin decides.
        logit = np.nan_to_num(self.delay) + 0.8 * np.array([c == "AA" for c in self.carrier])
        late = rng.random(n) < 1 / (1 + np.exp(-logit))
        chance = rng.random(n) < flip
        self.late = np.where(chance, rng.random(n) < 0.5, late)
        self.ids = [f"{seed}-{k}" for k in range(n)]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def table(self) -> Table:
        columns = {
            "delay": Vector("number", self.delay),
            "distance": Vector("number", self.distance),
            "carrier": coded(self.carrier, ("AA", "B6", "UA")),
        }
        return Table(columns, len(self))


def program_model(name: str = "late", created: int = 1) -> Model:
    """Scores are the true chances."""
    builder = ProgramBuilder(TAKES)
    filled = builder.add(Fill(into=builder.next, x=0, value=0.0))
    first = builder.add(OneHot(into=builder.next, x=2, slots=3))
    linear = Linear(into=builder.next, xs=wholes([filled, first]), weights=reals([[1.0, 0.8]]), bias=reals([0.0]))
    late = builder.add(Sigmoid(into=builder.next, x=builder.add(linear)))
    early = builder.add(ArithConst(into=builder.next, f="sub", x=late, value=1.0, flip=True))
    builder.score([early, late])
    label = LabelRule(parents=("arr_delay",), expression="arr_delay > 15")
    return Model(name=name, program=builder.finish(OUTCOME), outcome=OUTCOME, created=created, label=label)


def watched_model(created: int = 1) -> Model:
    """The model with its profile and monitors, learned on the forty days before START."""
    return replace(_learned(), created=created)


@cache
def _learned(days: int = 40, seed: int = 0) -> Model:
    made, rows = program_model(), Rows(days, START - days * DAY, seed)
    answers = Scorer(made.program).table(rows.table)
    time = rows.event.astype(np.float64)
    unseen = Unseen(rows.late.astype(np.float64), answers.scores, answers.prediction, time)
    profile, monitors = reference(rows.table, time, unseen, OUTCOME, seed=seed)
    evidence = Evidence(holdout=dict(monitors.reference))
    return replace(made, profile=profile, monitors=monitors, evidence=evidence)


def serve(store: Store, metadata: Metadata, model: Model) -> str:
    """Package, register, promote; the digest."""
    digest = add_package(store, model, PrivateKey.ensure(store.keys))
    with metadata.begin() as sql:
        version = register(sql, model.name, digest, created=model.created)
    promote(metadata, store, model.name, version.version, version.version - 1, at=START, actor="test")
    return digest


def send(store: Store, metadata: Metadata, rows: Rows, model: Model, digest: str, name: str, labels: bool = True,
         late_by: int = 3 * DAY) -> Shipped:  # fmt: skip
    """The rows as a server would have logged them, with their truths, and shipped."""
    answers = Scorer(model.program).table(rows.table)
    lines = []
    for k, key in enumerate(rows.ids):
        event = int(rows.event[k])
        row = {
            "delay": None if np.isnan(rows.delay[k]) else float(rows.delay[k]),
            "distance": float(rows.distance[k]),
            "carrier": rows.carrier[k],
        }
        record = {"kind": "prediction", "id": key, "digest": hashlib.md5(key.encode()).hexdigest(), "event": event,
                  "received": event + 5, "package": digest, "revision": 1, "row": row,
                  "scores": answers.scores[k].tolist(), "prediction": bool(answers.prediction[k]), "warnings": [],
                  "flagged": False}  # fmt: skip
        lines.append(msgspec.json.encode(record))
        if labels:
            truth = {"arr_delay": 40.0 if rows.late[k] else -3.0}
            lines.append(
                msgspec.json.encode({"kind": "label", "id": key, "received": event + late_by, "values": truth})
            )
    write_segment(store.segments, f"{name}-999999999-000001", lines)
    return ship(store, metadata, counter(store))


def yard(folder: Path) -> Store:
    return Store(folder / "yard").make()


def delay_model() -> Model:
    """A regression: the delay of arrival is that of departure."""
    builder = ProgramBuilder(TAKES)
    builder.score([builder.add(Fill(into=builder.next, x=0, value=0.0))])
    outcome, rows = Outcome(task="regression"), Rows(40, START - 40 * DAY, 0)
    program = builder.finish(outcome)
    answers = Scorer(program).table(rows.table)
    time = rows.event.astype(np.float64)
    y = answers.prediction + np.random.default_rng(5).normal(size=len(rows))
    profile, monitors = reference(rows.table, time, Unseen(y, answers.scores, answers.prediction, time), outcome)
    label = LabelRule(parents=("arr_delay",))
    return Model(name="delay", program=program, outcome=outcome, created=1, label=label, profile=profile,
                 monitors=monitors)  # fmt: skip


def send_delays(store: Store, digest: str, rows: Rows, noise: float, name: str) -> None:
    """Logged, not shipped: the truth is the answer and so much noise."""
    rng, lines = np.random.default_rng(9), []
    for k, key in enumerate(rows.ids):
        event, answer = int(rows.event[k]), float(np.nan_to_num(rows.delay[k]))
        row = {"delay": answer, "distance": float(rows.distance[k]), "carrier": rows.carrier[k]}
        key = f"{name}-{key}"
        record = {"kind": "prediction", "id": key, "digest": hashlib.md5(key.encode()).hexdigest(), "event": event,
                  "received": event + 5, "package": digest, "revision": 1, "row": row, "scores": [answer],
                  "prediction": answer, "warnings": [], "flagged": False}  # fmt: skip
        truth = {"arr_delay": answer + noise * float(rng.normal())}
        lines += [msgspec.json.encode(record)]
        lines += [msgspec.json.encode({"kind": "label", "id": key, "received": event, "values": truth})]
    write_segment(store.segments, f"{name}-999999999-000001", lines)
