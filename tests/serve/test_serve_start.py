"""Starting beside others, and before there is anything to serve."""

import signal
import socket
import time
from pathlib import Path

import pytest
from serving_store import ROW, Server, promote

from modelyard.errors.serving import PortBusy
from modelyard.serve import sockets
from modelyard.serve.sockets import listen
from modelyard.store.place import Store

PREDICT = "/v1/models/late/predict"


def test_a_busy_default_port_makes_room_for_the_next_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen("127.0.0.1", 0) as first:
        busy: int = first.getsockname()[1]
        monkeypatch.setattr(sockets, "DEFAULT_PORT", busy)
        with listen("127.0.0.1", None) as second:
            assert second.getsockname()[1] != busy
        with pytest.raises(PortBusy, match=f"port {busy} on 127.0.0.1 is in use"):
            listen("127.0.0.1", busy)


def test_a_server_that_takes_another_port_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "store").make()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 8080))
            other.listen()
        except OSError:
            pass  # somebody else has it: as good
        running = Server(store, port=None)
        said = running.stop()[1]
    assert running.port != 8080
    assert f"port 8080 is in use, {running.port} is taken instead" in said


def test_a_server_that_was_started_first_serves_what_is_promoted_later(tmp_path: Path) -> None:
    store = Store(tmp_path / "store").make()
    running = Server(store)
    with running.client() as client:
        assert client.get("/livez").status_code == 200
        assert (client.get("/readyz").status_code, client.get("/readyz").json()["models"]) == (503, {})
        assert client.post(PREDICT, json=ROW).status_code == 404
        promote(store, 0.25, 1)
        deadline = time.monotonic() + 10
        while client.post(PREDICT, json=ROW).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert client.post(PREDICT, json={**ROW, "distance": 5}).json()["version"] == 11
        assert client.get("/readyz").json()["models"] == {"late": 1}
    assert running.stop()[0] in (0, -signal.SIGTERM)


@pytest.mark.parametrize("signalled", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_soon(tmp_path: Path, signalled: int) -> None:
    store = Store(tmp_path / "store").make()
    promote(store, 0.25, 1)
    running = Server(store)
    start = time.monotonic()
    assert running.stop(signalled)[0] in (0, -signalled, 130)
    assert time.monotonic() - start < 5
