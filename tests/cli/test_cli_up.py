"""The server and the loop as one command: what is asked is answered and shipped; a second loop is refused."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import polars as pl
import pytest
from test_cli_run import CODE, run, write_project

from modelyard.store.lake import Lake

LIVE = """\
  - {id: drift, use: monitor.drift}
  - {use: retrain.when, any: {drift: drifted}, rows: {from: both}, promote: by_person}
  - {use: deploy.batch, every: 30d, read: {path: t.csv}, write: {path: out.parquet}}
"""


def test_up_serves_ships_scores_batches_restarts_a_killed_server_and_stops_in_order(tmp_path: Path) -> None:
    write_project(tmp_path)
    with (tmp_path / "modelyard.yaml").open("a") as file:
        file.write(LIVE)
    assert run("run", cwd=tmp_path).returncode == 0
    early = run("retrain", cwd=tmp_path)
    assert (early.returncode, "no request to toy is on record" in early.stderr) == (1, True)
    words = [sys.executable, "-c", CODE, "up", "--port", "0", "--pause", "0.2"]
    going = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        assert going.stderr is not None
        said = [going.stderr.readline()]
        url = re.findall(r"http://\S+", said[0])[0]
        httpx.post(url, json={"id": "a", "x": 1.0, "c": "a"}, trust_env=False).raise_for_status()
        while not (any("shipped" in line for line in said) and any("out.parquet" in line for line in said)):
            said.append(going.stderr.readline())
            assert said[-1], said
        os.kill(json.loads((tmp_path / ".modelyard/server.json").read_text())["pid"], signal.SIGKILL)
        while "Serving again" not in said[-1]:
            said.append(going.stderr.readline())
            assert said[-1], said
        assert any("was ended by SIGKILL. It is started again" in line for line in said)
        httpx.post(url, json={"id": "b", "x": 1.0, "c": "a"}, trust_env=False).raise_for_status()
        second = run("up", "--no-serve", cwd=tmp_path)
        assert (second.returncode, "runs the loop of this store" in second.stderr) == (3, True)
        going.send_signal(signal.SIGTERM)
        said += going.stderr.readlines()
        assert going.wait(timeout=30) == 0, said
    finally:
        going.kill()
        going.communicate()
    assert said[-1] == "Stopped. The same command goes on from here.\n"
    assert pl.read_parquet(tmp_path / "out.parquet").height == 400
    assert "a" in Lake(tmp_path / ".modelyard" / "lake").scan("predictions").collect()["id"].to_list()
    with pytest.raises(httpx.TransportError):
        httpx.post(url, json={}, trust_env=False)
    asked = run("retrain", "--json", "--reason", "a test", cwd=tmp_path)
    assert asked.returncode in (1, 3), asked.stderr
    assert "a test" in run("history", "--json", cwd=tmp_path).stdout
