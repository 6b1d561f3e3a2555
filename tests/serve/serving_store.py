"""A store with a small signed model, a real server process on it, and what its segments hold."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import httpx
import numpy as np

from modelyard.package.keys import PrivateKey
from modelyard.package.model import Model
from modelyard.package.write import write
from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import LabelRule, Outcome
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import ArithConst, Linear, OneHot, Sigmoid, reals, wholes
from modelyard.store.place import Store
from modelyard.store.pointer import Pointer, set_pointer
from modelyard.store.segments import read_segment, segments

TAKES = Contract(
    fields=(
        Field(name="dep_delay", kind="number"),
        Field(name="distance", kind="number", nullable=False),
        Field(name="carrier", kind="category", categories=("AA", "UA")),
    ),
    id="flight",
    time="at",
    zone="UTC",
)
ROW = {"dep_delay": 3.5, "distance": 733, "carrier": "UA"}


def model(bias: float, created: int = 1) -> Model:
    """Late or not: a logistic model; `bias` tells versions apart."""
    builder = ProgramBuilder(TAKES)
    first = builder.add(OneHot(into=builder.next, x=2, slots=2))
    weights = reals([[0.02, -0.0005, 0.3, -0.1]])
    linear = Linear(into=builder.next, xs=wholes([0, 1, first, first + 1]), weights=weights, bias=reals([bias]))
    late = builder.add(Sigmoid(into=builder.next, x=builder.add(linear)))
    early = builder.add(ArithConst(into=builder.next, f="sub", x=late, value=1.0, flip=True))
    builder.score([early, late])
    outcome = Outcome(task="classification", classes=("False", "True"), labels=(False, True), positive=1)
    label = LabelRule(parents=("arr_delay",), expression="arr_delay > 15")
    return Model(name="late", program=builder.finish(outcome), outcome=outcome, created=created, label=label)


def promote(store: Store, bias: float, revision: int) -> str:
    key = PrivateKey.ensure(store.keys)
    staged = store.packages / f"staged-{revision}"
    digest = write(model(bias, revision), staged, key)
    staged.rename(store.package(digest))
    set_pointer(store.pointer, "late", Pointer(revision, digest, 10 + revision))
    return digest


def late(row: dict[str, float | str], bias: float) -> float:
    """The model by hand, in the order in which the program adds."""
    x = 0.02 * float(row["dep_delay"]) + -0.0005 * float(row["distance"])
    x = x + (0.3 if row["carrier"] == "AA" else 0.0)
    x = x + (-0.1 if row["carrier"] == "UA" else 0.0)
    return float(1.0 / (1.0 + np.exp(-(x + bias))))


class Server:
    """`python -m modelyard.serve` on that store; `url` once it listens."""

    def __init__(self, store: Store, *arguments: str, code: str = "", port: int | None = 0) -> None:
        self.ready = store.root / f"ready-{time.monotonic_ns()}.json"
        start = ["-c", code] if code else ["-m", "modelyard.serve"]
        command = [sys.executable, *start, str(store.root), "--ready-file", str(self.ready)]
        command += [] if port is None else ["--port", str(port)]
        self.process = subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 20
        while not self.ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no server: {self.process.communicate()[1]}")
            time.sleep(0.01)
        self.port = json.loads(self.ready.read_bytes())["port"]
        self.url = f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20, trust_env=False)

    def stop(self, by: int = signal.SIGTERM) -> tuple[int, str]:
        os.kill(self.process.pid, by)
        said = self.process.communicate(timeout=20)[1]
        return self.process.returncode, said


def records(store: Store, kind: str = "prediction") -> list[dict[str, Any]]:
    """What the segments hold; a torn last line is no line."""
    found = []
    for path in segments(store.segments):
        for line in read_segment(path):
            if line.record is None:
                raise RuntimeError(f"damaged line in {path}")
            found.append(json.loads(line.record))
    return [record for record in found if record["kind"] == kind]


def logged(store: Store, kind: str = "prediction") -> Counter[str]:
    """How often each id is in the segments."""
    return Counter(record["id"] for record in records(store, kind))
