"""A prediction server as a child process that never outlives its parent: what `modelyard up` and the demo start.

The child holds the reading end of a pipe; when the parent is gone, however that happened, the pipe closes and the
server drains as if it had been told to. It has a session of its own, so that Ctrl-C reaches only the parent, which then
stops it in order.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from types import TracebackType

import msgspec
from msgspec import Struct

from modelyard.errors.serving import ServerGone
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
        self._root, self._ready, self._log = store.root, store.root / "server.json", store.root / "server.log"
        self.asked, self.host, self.port, self.seconds = port, "127.0.0.1", 0, 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._before = 0
        """Length of the log when it was started: what follows are its own words."""

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
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Again, too, once it has ended: then on the port that it had, where its clients look for it."""
        self.stop()
        start = time.monotonic()
        self._process = self._spawn(self.port or self.asked)
        while not self._ready.exists():
            if self._process.poll() is not None or time.monotonic() > start + SECONDS:
                said = self.said()
                self.stop()
                raise ServerGone(f"the server did not start: {said}", who="serve", where=str(self._log))
            time.sleep(0.01)
        ready = msgspec.json.decode(self._ready.read_bytes(), type=Ready)
        self.host, self.port, self.seconds = ready.host, ready.port, time.monotonic() - start

    def _spawn(self, port: int | None) -> subprocess.Popen[bytes]:
        given = [str(self._root), "--ready-file", str(self._ready)]
        given += [] if port is None else ["--port", str(port)]
        command = [sys.executable, "-m", "modelyard.serve.child"]
        with self._log.open("ab") as log:
            self._before = log.tell()
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log, start_new_session=True)
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # dead already: the next look says so
                process.stdin.write(msgspec.json.encode(given) + b"\n")
                process.stdin.flush()
        return process

    def stop(self) -> None:
        """SIGTERM, and wait until it has answered and logged what came before."""
        process, self._process = self._process, None
        if process is not None:
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
            with self._log.open("rb") as log:
                log.seek(self._before)
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return "nothing"
        return " / ".join(lines[-5:]) or "nothing"

    def ended(self) -> str:
        """How it ended, in words.

        >>> from pathlib import Path
        >>> Server(Store(Path("yard"))).ended()
        'is not running'
        """
        code = None if self._process is None else self._process.poll()
        if code is None:
            return "is running" if self._process is not None else "is not running"
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with status {code}: {self.said()}"


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
