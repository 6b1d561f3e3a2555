"""The demo's prediction server: the real one, as a child process that never outlives its parent.

The child holds the reading end of a pipe; when the parent is gone, however that happened, the pipe closes and the
server drains as if it had been told to. It has a session of its own, so that Ctrl-C reaches only the demo, which then
stops it in order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from types import TracebackType

import msgspec
from msgspec import Struct

from modelyard.errors.demo import ServerGone
from modelyard.store.place import Store

SECONDS = 30.0
"""To start, and to drain."""


class Ready(Struct):
    pid: int
    host: str
    port: int


class Server:
    """Listening from `with` on; `url` says where. Raises ServerGone."""

    def __init__(self, store: Store, port: int | None = None) -> None:
        self._ready, self._log = store.root / "server.json", store.root / "server.log"
        self._given = [str(store.root), "--ready-file", str(self._ready)]
        self._given += [] if port is None else ["--port", str(port)]
        self.host, self.port, self.seconds = "127.0.0.1", 0, 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Server:
        start = time.monotonic()
        self._ready.unlink(missing_ok=True)
        self._process = self._spawn()
        while not self._ready.exists():
            if self._process.poll() is not None or time.monotonic() > start + SECONDS:
                said = self.said()
                self.stop()
                raise ServerGone(f"the server did not start: {said}", who="demo", where=str(self._log))
            time.sleep(0.01)
        ready = msgspec.json.decode(self._ready.read_bytes(), type=Ready)
        self.host, self.port, self.seconds = ready.host, ready.port, time.monotonic() - start
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "modelyard.demo.server"]
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log, start_new_session=True)
        if process.stdin is not None:
            process.stdin.write(msgspec.json.encode(self._given) + b"\n")
            process.stdin.flush()
        return process

    def stop(self) -> None:
        """SIGTERM, and wait until it has answered and logged what came before."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()
        self._ready.unlink(missing_ok=True)

    def said(self) -> str:
        """Its last words."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError:
            return "nothing"
        return " / ".join(lines[-5:]) or "nothing"


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):  # not through the buffer, whose lock would outlive this thread
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """`python -m modelyard.serve …` with the arguments of the first line that comes in, until no more can come."""
    from modelyard.serve.__main__ import main as serve

    given = msgspec.json.decode(sys.stdin.buffer.readline(), type=list[str])
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    return serve(given)


if __name__ == "__main__":
    raise SystemExit(main())
