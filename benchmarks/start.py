"""How long a start takes, warm (all of it was started once before), median of 5: `modelyard --help`, and the prediction
server with a signed LightGBM pipeline, from exec to the first answer on a socket. Aims: 0.3 s and 1.5 s.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from pipelines.flights import OUTCOME, TRAIN, labelled, pair, records

from modelyard.package.keys import PrivateKey
from modelyard.package.model import Model
from modelyard.package.write import write
from modelyard.store.place import Store
from modelyard.store.pointer import Pointer, set_pointer

BIN = Path(sys.executable).parent


def median(work: Callable[[], float], rounds: int = 5) -> float:
    return statistics.median([work() for _ in range(rounds + 1)][1:])


def shown() -> float:
    start = time.perf_counter()
    subprocess.run([BIN / "modelyard", "--help"], check=True, capture_output=True)
    return time.perf_counter() - start


def deployed(folder: Path) -> bytes:
    """A store with one model; returns a request for it."""
    both, store = pair("LightGBM"), Store(folder).make()
    model = Model(name="late", program=both.scorer.program, outcome=OUTCOME, created=1)
    digest = write(model, store.packages / "staged", PrivateKey.ensure(store.keys))
    (store.packages / "staged").rename(store.package(digest))
    set_pointer(store.pointer, "late", Pointer(1, digest, 1))
    body = msgspec.json.encode(records(labelled(1, start=TRAIN)[0])[0])
    head = "POST /v1/models/late/predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def answered(folder: Path, request: bytes) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "modelyard.serve", folder, "--port", str(port)])
    try:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port)) as connection:
                    connection.sendall(request)
                    reply = connection.recv(4096)
                    break
            except ConnectionRefusedError:
                time.sleep(0.002)
        took = time.perf_counter() - start
    finally:
        server.terminate()
        server.wait()
    if not reply.startswith(b"HTTP/1.1 200"):
        raise SystemExit(reply.decode())
    return took


def main() -> None:
    print(f"modelyard --help: {median(shown):.2f} s (aim: under 0.3)", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        request = deployed(Path(folder))
        took = median(lambda: answered(Path(folder), request))
    print(f"server, from exec to the first answer: {took:.2f} s (aim: under 1.5)")


if __name__ == "__main__":
    main()
