"""A real PostgreSQL server, started once as an unprivileged user, and both stores as one parameter."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.store.metadata import Metadata


def _as_postgres(command: list[str]) -> list[str]:
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Its URL without a database name."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed: sudo apt-get install postgresql")
    programs = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="modelyard-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    start = [programs / "initdb", "-D", data, "-U", "yard", "-A", "trust", "-N"]
    subprocess.run(_as_postgres([str(word) for word in start]), check=True, capture_output=True, cwd="/")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w"]
    run = _as_postgres([*control, "-l", str(folder / "log"), "-o", options, "start"])
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        yield f"postgresql://yard@127.0.0.1:{port}"
    finally:
        stop = _as_postgres([*control, "-m", "immediate", "stop"])
        subprocess.run(stop, check=False, capture_output=True, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def metadata_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty metadata store of each sort."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/meta.db"
    server = request.getfixturevalue("postgres")
    import psycopg

    name = f"t{abs(hash(str(tmp_path)))}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as sql:
        sql.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


@pytest.fixture
def metadata(metadata_url: str) -> Iterator[Metadata]:
    with Metadata(metadata_url) as opened:
        yield opened
