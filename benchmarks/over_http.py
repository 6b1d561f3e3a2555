"""HTTP, one row a request, everything checked and logged, against a bare uvicorn echo and FastAPI + scikit-learn.

The servers share the last core and are asked in turn over 32 keep-alive connections; the median round counts. Processor
time per request is told beside the speed, because a busy machine moves it less.

Echo: a raw ASGI callable on uvicorn (uvloop, httptools, no access log) that gives the body back.
FastAPI: the same LightGBM model in a scikit-learn pipeline, one DataFrame a request, nothing logged.

Aim: 0.4 of the echo with durability `os`.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvloop
from msgspec import Struct

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

WIDTH, SECONDS, ROUNDS, TREES = 32, 2.0, 5, 200
LOCAL = "127.0.0.1"
PREDICT = "/v1/models/late/predict"

ECHO = """
import sys, uvicorn
async def app(scope, receive, send):
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_config=None, access_log=False,
            lifespan="off", ws="none", server_header=False)
"""

FASTAPI = """
import sys
import pandas as pd
import uvicorn
from fastapi import FastAPI
from lightgbm import LGBMClassifier
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

sys.path.insert(0, sys.argv[2])
from flights import NUMBERS, WORDS, flights
import polars as pl

frame = flights().filter(pl.col("arr_delay").is_not_null()).head(20_000)
table = pd.DataFrame({name: frame[name].to_list() for name in (*NUMBERS, *WORDS)})
encode = make_column_transformer(
    (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), list(WORDS)), remainder="passthrough",
    verbose_feature_names_out=False).set_output(transform="pandas")
pipeline = make_pipeline(encode, LGBMClassifier(n_estimators=int(sys.argv[3]), n_jobs=1, verbose=-1))
pipeline.fit(table, (frame["arr_delay"] > 15).to_list())
app = FastAPI()

@app.post("/predict")
def predict(body: dict):
    rows = pd.DataFrame(body["rows"]).drop(columns="id")
    return {"predictions": pipeline.predict_proba(rows)[:, 1].tolist()}

uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_config=None, access_log=False)
"""


class Server(Struct, frozen=True):
    process: int
    port: int
    path: str


class Round(Struct):
    """Answers a second, and processor microseconds that the server took for each (NaN where the system hides them)."""

    speed: float
    cost: float


class Asking(asyncio.Protocol):
    """One connection, one request at a time: the next leaves when the answer is whole."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self.requests, self.until, self.answered, self.failed = requests, until, 0, 0
        self.done = asyncio.get_running_loop().create_future()
        self.left, self.head = 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        if not self.left:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.head[:end].lower()
            self.failed += not head.startswith(b"http/1.1 200")
            at = head.index(b"content-length:") + 15
            self.left = int(head[at : head.find(b"\r\n", at) if b"\r\n" in head[at:] else None])
            data, self.head = self.head[end + 4 :], b""
        self.left -= len(data)
        if self.left <= 0:
            self.answered += 1
            if time.perf_counter() < self.until:
                self.transport.write(next(self.requests))
            else:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.done.set_result(None)


def burnt(process: int) -> float:
    """Processor seconds of a process so far."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def ask(server: Server, requests: Iterator[bytes], seconds: float) -> Round:
    """Raises when any answer was not 200."""
    before = burnt(server.process)
    start = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Asking(requests, start + seconds), LOCAL, server.port)
        for _ in range(WIDTH)
    ]
    asking = [protocol for _, protocol in made]
    await asyncio.gather(*(protocol.done for protocol in asking))
    if failed := sum(protocol.failed for protocol in asking):
        raise SystemExit(f"{failed} requests were not answered with 200")
    answered, took = sum(protocol.answered for protocol in asking), time.perf_counter() - start
    return Round(answered / took, (burnt(server.process) - before) / answered * 1e6)


def requests(path: str) -> Iterator[bytes]:
    """Flights after those that the model learned from, each with an id of its own."""
    from flights import NUMBERS, WORDS, flights

    rows = flights().slice(30_000, 5_000).select(*NUMBERS, *WORDS).drop_nulls().to_dicts()
    mark = f"{time.time_ns():020x}"
    parts = []
    for row in rows:
        body = json.dumps({"rows": [{"id": mark + "#" * 12, **row}]})
        head = f"POST {path} HTTP/1.1\r\nHost: {LOCAL}\r\nContent-Type: application/json\r\n"
        whole = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        parts.append(whole.replace(b"#" * 12, b"%012d"))
    for count, part in enumerate(itertools.cycle(parts)):
        yield part % count


def deploy(folder: Path) -> None:
    """A store whose one model is LightGBM on 20,000 flights."""
    from msgspec import convert

    from flights import labelled
    from modelyard.package.keys import PrivateKey
    from modelyard.package.model import Model
    from modelyard.package.write import write
    from modelyard.schema.contract import Contract
    from modelyard.schema.target import Outcome
    from modelyard.step.chain import compile_chain
    from modelyard.step.context import Context
    from modelyard.step.fitted import Batch
    from modelyard.step.intake import learn_fields, take_in
    from modelyard.step.registry import Registry
    from modelyard.store.place import Store
    from modelyard.store.pointer import Pointer, set_pointer

    train, delay = labelled(20_000)
    contract = Contract(learn_fields(train, train.names), id="id")
    outcome = Outcome(task="classification", classes=("on time", "late"), positive=1)
    step = convert({"use": "model.lightgbm", "trees": TREES}, Registry.installed()["model.lightgbm"])
    fitted = step.learn(Batch(take_in(train, contract), (delay > 15).astype(float)), Context(outcome=outcome))
    program = compile_chain(contract, [fitted.learned], outcome)
    store = Store(folder).make()
    staged = store.packages / "staged"
    digest = write(
        Model(name="late", program=program, outcome=outcome, created=1), staged, PrivateKey.ensure(store.keys)
    )
    staged.rename(store.package(digest))
    set_pointer(store.pointer, "late", Pointer(1, digest, 1))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(*arguments: str, path: str = PREDICT) -> Iterator[Server]:
    """A server process on the last core, listening; `PORT` in the arguments is its port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, *(a.replace("PORT", str(port)) for a in arguments)])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex((LOCAL, port)) == 0:
                    break
            if process.poll() is not None:
                raise SystemExit(f"no server: {arguments[0]} ended with {process.returncode}")
            time.sleep(0.1)
        yield Server(process.pid, port, path)
    finally:
        process.terminate()
        process.wait(20)


def measured(servers: dict[str, Server]) -> dict[str, list[Round]]:
    """Per server its rounds, the servers taking turns; the first turn warms up."""
    rounds: dict[str, list[Round]] = {name: [] for name in servers}
    asked = {name: requests(one.path) for name, one in servers.items()}
    for each in range(ROUNDS + 1):
        for name, one in servers.items():
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                found = runner.run(ask(one, asked[name], SECONDS if each else 0.5))
            rounds[name] += [found] if each else []
    return rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--durability", action="append", choices=("fsync", "os", "off"))
    durabilities = parser.parse_args().durability or ["os", "fsync"]
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, ExitStack() as stack:
        deploy(Path(folder))
        servers = {"echo": stack.enter_context(server("-c", ECHO, "PORT"))}
        for durability in durabilities:
            given = ("-m", "modelyard.serve", folder, "--durability", durability, "--port", "PORT")
            servers[durability] = stack.enter_context(server(*given))
        if importlib.util.find_spec("fastapi"):
            tests = str(Path(__file__).parents[1] / "tests")
            servers["fastapi"] = stack.enter_context(server("-c", FASTAPI, "PORT", tests, str(TREES), path="/predict"))
        told(measured(servers), durabilities)


def told(rounds: dict[str, list[Round]], durabilities: list[str]) -> None:
    for durability in durabilities:
        ours = rounds[durability]
        speed = statistics.median(one.speed for one in ours)
        print(f"HTTP, logged ({durability}): {times(ours, rounds['echo']):.2f} of a bare uvicorn echo ({speed:,.0f}/s)")
        cost = [statistics.median(one.cost for one in of) for of in (ours, rounds["echo"])]
        print(f"  processor time per request: {cost[0]:.0f} µs, the echo's {cost[1]:.0f} µs: {cost[1] / cost[0]:.2f}")
        if "fastapi" in rounds:
            print(f"  {times(ours, rounds['fastapi']):,.0f} times FastAPI + scikit-learn")
    if "fastapi" not in rounds:
        print("SKIPPED: FastAPI + scikit-learn, because fastapi is not installed (pip install fastapi)")


def times(ours: list[Round], theirs: list[Round]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a.speed / b.speed for a, b in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    main()
