"""Real database servers, started once as unprivileged users: both stores, each kind of connection, as one parameter."""

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.schema.connection import Connection, Duckdb, Mariadb, Postgresql, Secret, Sqlite
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


PASSWORD = "s3cret-" + "w'ord"  # with what a careless statement would trip over


@pytest.fixture(scope="session")
def mariadb() -> Iterator[tuple[str, int]]:
    """A real MariaDB server: host and port, a user `yard` with PASSWORD, an empty database `yard`."""
    program, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if not program or not install:
        pytest.skip("MariaDB is not installed: sudo apt-get install mariadb-server")
    folder = Path(tempfile.mkdtemp(prefix="modelyard-my-", dir="/tmp"))
    user = ["--user=mysql"] if os.geteuid() == 0 else []
    if os.geteuid() == 0:
        shutil.chown(folder, "mysql")
    make = [install, "--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal", *user]
    subprocess.run(make, check=True, capture_output=True, cwd="/")
    escaped = PASSWORD.replace("'", "''")
    statements = (
        "CREATE DATABASE yard",
        f"CREATE USER yard@'%' IDENTIFIED BY '{escaped}'",
        "GRANT ALL ON yard.* TO yard@'%'",
    )
    (folder / "init.sql").write_text("".join(f"{one};\n" for one in statements))
    (folder / "init.sql").chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = [program, "--no-defaults", f"--datadir={folder}/data", f"--socket={folder}/socket", f"--port={port}",
           "--bind-address=127.0.0.1", f"--pid-file={folder}/pid", f"--init-file={folder}/init.sql",
           "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M",
           "--skip-name-resolve", *user]  # fmt: skip
    server = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        _listens(port, server)
        yield "127.0.0.1", port
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail("the server does not start")


@pytest.fixture
def postgresql_database(postgres: str) -> Connection:
    """An empty database whose user needs a password."""
    import psycopg
    from psycopg import sql

    port = int(postgres.rpartition(":")[2])
    name = f"s{next(_COUNT)}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as admin:
        shown = admin.execute("SHOW hba_file").fetchone()
        assert shown is not None
        rules = Path(shown[0])
        if "guarded" not in rules.read_text():
            rules.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
            admin.execute(sql.SQL("CREATE USER guarded PASSWORD {}").format(PASSWORD))
            admin.execute("SELECT pg_reload_conf()")
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER guarded").format(sql.Identifier(name)))
    return Postgresql(name="crm", host="127.0.0.1", port=port, database=name, user="guarded", password=Secret(PASSWORD))


@pytest.fixture
def mariadb_database(mariadb: tuple[str, int]) -> Connection:
    """The database `yard`, emptied."""
    pytest.importorskip("pymysql")
    host, port = mariadb
    made = Mariadb(name="crm", host=host, port=port, database="yard", user="yard", password=Secret(PASSWORD))
    from modelyard.frame.sql.session import opened

    with opened(made, Path(), write=True) as session:
        for table in session.tables():
            session.execute(f"DROP TABLE {session.table(table)}")
    return made


@pytest.fixture(params=["sqlite", "duckdb", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Connection:
    """An empty database of each kind; the last two are servers with a password."""
    if request.param == "sqlite":
        return Sqlite(name="crm", path=str(tmp_path / "crm.db"))
    if request.param == "duckdb":
        pytest.importorskip("duckdb")
        return Duckdb(name="crm", path=str(tmp_path / "crm.duckdb"))
    made: Connection = request.getfixturevalue(f"{request.param}_database")
    return made


_COUNT = itertools.count()
