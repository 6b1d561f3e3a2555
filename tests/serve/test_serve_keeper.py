"""A server that dies is started again where its clients look for it; one that cannot stand is given up, and said so."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from serving_store import ROW, logged, promote

from modelyard.errors.serving import ServerGone
from modelyard.serve.child import Server
from modelyard.serve.keeper import FIRST_PAUSE, MOST_DEATHS, kept
from modelyard.store.place import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store").make()
    promote(made, 0.25, 1)
    return made


def ask(server: Server, key: str) -> int:
    url = f"{server.url}/v1/models/late/predict"
    return httpx.post(url, json={**ROW, "flight": key}, trust_env=False, timeout=10).status_code


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_server_killed_by_the_system_serves_again_on_its_port_and_its_log_is_whole(store: Store) -> None:
    said: list[str] = []
    given_up = threading.Event()
    with Server(store, port=0) as server, kept(server, said.append, given_up.set):
        first, url = server.pid, server.url
        assert ask(server, "before") == 200
        os.kill(first, signal.SIGKILL)
        until(lambda: len(said) == 2)
        assert (server.url, server.pid != first) == (url, True)
        assert ask(server, "after") == 200
    assert said[0] == f"The server was ended by SIGKILL. It is started again in {FIRST_PAUSE:g} s."
    assert said[1].startswith(f"Serving again: {url}, up in ")
    assert not given_up.is_set()
    assert not server.alive
    assert logged(store) == {"before": 1, "after": 1}


def rob(server: Server, said: list[str]) -> None:
    """Kill it and take its port, until it is given up."""
    given_up, place = threading.Event(), (server.host, server.port)
    with socket.socket() as other, kept(server, said.append, given_up.set):
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not server.alive)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(place)
        other.listen()
        assert given_up.wait(30)


def test_a_server_whose_port_was_taken_is_tried_later_and_later_then_given_up(store: Store) -> None:
    said: list[str] = []
    with Server(store, port=0) as server:
        in_use = f"port {server.port} on 127.0.0.1 is in use"
        with pytest.raises(ServerGone, match=in_use) as gone:
            rob(server, said)
    pauses = [FIRST_PAUSE * 2**death for death in range(MOST_DEATHS - 1)]
    assert [line.split(" started again in ")[1] for line in said] == [f"{pause:g} s." for pause in pauses]
    assert f"the {MOST_DEATHS}th time in a row" in gone.value.found


def test_nothing_is_started_again_once_the_keeper_is_told_to_stop(store: Store) -> None:
    said: list[str] = []
    with Server(store, port=0) as server:
        with kept(server, said.append, lambda: None):
            os.kill(server.pid, signal.SIGKILL)
            until(lambda: len(said) == 1)
        time.sleep(3 * FIRST_PAUSE)
        assert not server.alive
    assert len(said) == 1
