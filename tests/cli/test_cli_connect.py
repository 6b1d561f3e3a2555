"""`modelyard connect` asks, tries and writes a connection, and never the password."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from databases import PASSWORD
from modelyard.api.project import Project
from modelyard.frame.sql.session import opened
from modelyard.schema.connection import Mariadb, Postgresql, Server

FILE = "# mine\nmodelyard: 1\nname: p\ntask: regression\ntarget: {column: y}   # kept\nsteps: []\n"
CODE = "from modelyard.cli import main; main()"


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", CODE, "connect", *words, "--file", str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
    )
    assert PASSWORD not in done.stdout + done.stderr
    return done


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    made: Server = request.getfixturevalue(f"{request.param}_database")
    with opened(made, Path(), write=True) as session:
        session.execute("CREATE TABLE customers (id INTEGER)")
    return made


def options(server: Server) -> list[str]:
    kind = "postgresql" if isinstance(server, Postgresql) else "mariadb"
    port = server.port if isinstance(server, Postgresql | Mariadb) else 0
    return ["--kind", kind, "--host", server.host, "--port", str(port), "--database", server.database,
            "--user", server.user, "--password-variable", "CRM_PW"]  # fmt: skip


def test_a_connection_that_works_is_written_without_its_password(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "modelyard.yaml"
    file.write_text(FILE)
    done = run(tmp_path, "crm", *options(server), CRM_PW=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert "1 tables: customers" in done.stdout
    assert file.read_text().startswith(FILE.rstrip("\n").rpartition("\n")[0])
    assert 'password: "${CRM_PW}"' in file.read_text()
    assert PASSWORD not in file.read_text()
    again = run(tmp_path, "crm", "--json", CRM_PW=PASSWORD)
    assert json.loads(again.stdout)["tables"] == ["customers"]
    assert list(Project.load(tmp_path).connections) == ["crm"]


def test_a_connection_that_does_not_work_is_not_written(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "modelyard.yaml"
    file.write_text(FILE)
    done = run(tmp_path, "crm", *options(server), CRM_PW="hunter2")
    assert done.returncode == 1
    assert "hunter2" not in done.stderr
    assert "Way out: Check `user:`" in done.stderr
    missing = run(tmp_path, "crm", *options(server))
    assert missing.returncode == 2
    assert "CRM_PW is not set" in missing.stderr
    assert file.read_text() == FILE


def test_in_a_terminal_the_password_is_asked_for_and_neither_shown_nor_written(
    postgresql_database: Postgresql, tmp_path: Path
) -> None:
    (tmp_path / "modelyard.yaml").write_text(FILE)
    words = options(postgresql_database)[:-2]
    environment = {name: value for name, value in os.environ.items() if name != "CRM_PASSWORD"}
    main, side = pty.openpty()
    command = [sys.executable, "-c", CODE, "connect", "crm", *words, "--file", str(tmp_path)]
    child = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, env=environment, close_fds=True)
    os.close(side)
    seen = ""
    for wanted, answer in (("password-variable", ""), ("password (not written", PASSWORD)):
        while wanted not in seen:
            seen += os.read(main, 1000).decode()
        while answer and termios.tcgetattr(main)[3] & termios.ECHO:  # what is typed before it is asked for is dropped
            time.sleep(0.01)
        os.write(main, f"{answer}\n".encode())
    try:
        while part := os.read(main, 1000).decode():
            seen += part
    except OSError:  # the terminal is gone with the child
        pass
    os.close(main)
    assert child.wait(30) == 0, seen
    assert PASSWORD not in seen
    assert "the password is not" in seen
    assert 'password: "${CRM_PASSWORD}"' in (tmp_path / "modelyard.yaml").read_text()


def test_what_is_missing_without_a_terminal_is_named(tmp_path: Path) -> None:
    (tmp_path / "modelyard.yaml").write_text(FILE)
    done = run(tmp_path, "crm", "--kind", "sqlite")
    assert done.returncode == 2
    assert "--path is missing" in done.stderr
    gone = run(tmp_path, "crm", "--kind", "sqlite", "--path", "no.db")
    assert gone.returncode == 1
    assert "no file 'no.db'" in gone.stderr
    assert run(tmp_path / "nowhere", "crm").returncode == 2
