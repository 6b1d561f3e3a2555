"""More than the server holds at once: the 1,025th request is refused with a reason, the 1,024 before it are kept."""

import json
import resource
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from serving_load import until
from serving_store import ROW, Server, logged, promote
from test_serve_doors import PATH, Connection, asked, body

from modelyard.serve.app import MOST_WAITING
from modelyard.store.place import Store

STALLED = """
import os, resource, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
synced = os.fdatasync
def stalled(file):
    while os.path.exists(os.path.join(sys.argv[1], "stalled")):
        time.sleep(0.01)
    synced(file)
os.fdatasync = stalled
from modelyard.serve.__main__ import main
raise SystemExit(main(sys.argv[1:]))
"""
"""A disk that takes writes and does not say that they are there, while the file `stalled` exists."""


@pytest.fixture(autouse=True)
def _files() -> Iterator[None]:
    """This process holds as many connections as the server."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 4096 if before[1] == resource.RLIM_INFINITY else min(4096, before[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, before[0]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def waiting(client: httpx.Client) -> int:
    text = client.get("/metrics").text
    return int(text.split("\nmodelyard_waiting_requests ")[1].split()[0])


def refused(reply: httpx.Response) -> None:
    said = reply.json()
    assert (reply.status_code, said["error"], said["status"]) == (503, "overloaded", 503)
    assert said["found"] == f"{MOST_WAITING:,} requests wait for the log"
    assert int(reply.headers["retry-after"]) > 0


def test_the_request_after_1024_waiting_ones_is_refused_and_those_are_answered_and_logged(tmp_path: Path) -> None:
    store = Store(tmp_path / "store").make()
    promote(store, 0.25, 1)
    running, stalled = Server(store, "--durability", "fsync", code=STALLED), store.root / "stalled"
    with running.client() as client, ExitStack() as open_ones:
        assert client.post(PATH, json={**ROW, "flight": "before"}).status_code == 200
        stalled.touch()
        held = [open_ones.enter_context(closing(Connection(running))) for _ in range(MOST_WAITING)]
        for number, connection in enumerate(held):
            connection.send(asked(body(f"held-{number}")))
        until(lambda: waiting(client) == MOST_WAITING)
        refused(client.post(PATH, json={**ROW, "flight": "refused"}))
        refused(
            client.post(PATH, content=iter([json.dumps(ROW).encode()]), headers={"content-type": "application/json"})
        )
        refused(client.post("/v1/models/late/labels", json={"id": "held-0", "arr_delay": 20.0}))
        assert client.get("/livez").status_code == 200
        stalled.unlink()
        assert [connection.ids(1) for connection in held] == [[f"held-{n}"] for n in range(MOST_WAITING)]
        assert waiting(client) == 0
        assert client.post(PATH, json={**ROW, "flight": "after"}).status_code == 200
    running.stop()
    found = logged(store)
    assert found == dict.fromkeys(["before", "after", *(f"held-{n}" for n in range(MOST_WAITING))], 1)
    assert logged(store, "label") == {}
