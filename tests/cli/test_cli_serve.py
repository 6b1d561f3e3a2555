"""`modelyard serve` is the server itself: it answers, swaps, and drains on SIGTERM. And what it logged is forgotten."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import typer

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))

from stored_models import ROW, make_store

from modelyard.cli import application
from modelyard.serve.__main__ import options

CODE = "from modelyard.cli import main; main()"


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", CODE, *words], capture_output=True, text=True, check=False, cwd=cwd)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    make_store(tmp_path / ".modelyard").close()
    return tmp_path


def test_it_answers_swaps_and_ends_on_sigterm_and_its_answer_is_forgotten(store: Path) -> None:
    command = [sys.executable, "-c", CODE, "serve", "late@champion", "--port", "0", "--ready-file", "ready.json"]
    server = subprocess.Popen(command, cwd=store, stderr=subprocess.PIPE, text=True)
    try:
        ready = store / "ready.json"
        deadline = time.monotonic() + 20
        while not ready.exists() and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        port = json.loads(ready.read_bytes())["port"]
        assert json.loads(ready.read_bytes())["pid"] == server.pid
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            answer = client.post("/v1/models/late/predict", json={**ROW, "flight": "someone"}).json()
            assert answer["predictions"][0]["id"] == "someone"
            assert run("promote", "late@2", cwd=store).returncode == 0
            while client.post("/v1/models/late/predict", json=ROW).json()["revision"] != 2:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        os.kill(server.pid, signal.SIGTERM)
        server.communicate(timeout=20)
    finally:
        server.kill()
        server.wait()
    assert server.returncode in (0, -signal.SIGTERM)
    found = json.loads(run("history", "--request", "someone", "--json", cwd=store).stdout)
    assert (found[0]["version"], found[0]["row"]["carrier"]) == (1, "UA")
    assert "0 label(s) of the lake, 1 line(s)" in run("forget", "someone", "--dry-run", cwd=store).stdout
    assert "Forgotten: " in run("forget", "someone", cwd=store).stdout
    assert "Nothing is on record under this id." in run("forget", "someone", cwd=store).stdout
    assert "someone" not in run("history", "--json", cwd=store).stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("late@2",), 2, "modelyard promote late@2"),
        (("nobody",), 2, "there is no model 'nobody'"),
        (("--host", "0.0.0.0"), 2, "without a token"),
        (("--port", "99999"), 2, "less than or equal to 65535"),
    ],
)
def test_what_cannot_be_served_is_said(store: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = run("serve", *words, cwd=store)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


WITHOUT_PARSER = """
import sys
sys.modules["typer"] = sys.modules["pydantic"] = None
"""


def test_a_server_carries_nothing_of_the_library_that_parses_commands(store: Path) -> None:
    words = ["serve", "late", "--port", "0", "--ready-file", "ready.json", "--durability", "os", "--without", "carrier"]
    server = subprocess.Popen([sys.executable, "-c", WITHOUT_PARSER + CODE, *words], cwd=store, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 20
    while not (store / "ready.json").exists() and server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(server.pid, signal.SIGTERM)
    said = server.communicate(timeout=20)[1].decode()
    assert (store / "ready.json").exists(), said
    assert server.returncode in (0, -signal.SIGTERM)


def test_both_ways_into_a_server_know_the_same_options() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    options(parser)
    direct = {option for action in parser._actions for option in action.option_strings} | {"--store"}
    command = typer.main.get_command(application()).commands["serve"]
    assert {option for parameter in command.params for option in parameter.opts if option != "names"} == direct
