"""A web service in a thread of the test: real sockets, answers made by a function, and a note of what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

JSON = {"Content-Type": "application/json"}


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    raw: str


@dataclass
class Reply:
    """`body`: bytes, or what JSON is made of. `length`: what Content-Length says, where it is to lie. `chunks`: sent as
    they come, without a length, until the connection is closed."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    chunks: Iterator[bytes] | None = None


@dataclass
class Service:
    url: str
    port: int
    asked: list[Request] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [request.raw for request in self.asked]


@contextmanager
def serving(answer: Callable[[Request], Reply], host: str = "127.0.0.1", tls: Any = None) -> Iterator[Service]:
    service = Service("", 0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self.answered()

        def do_POST(self) -> None:
            self.answered()

        def answered(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, parts.path, query, headers, self.rfile.read(length), self.path)
            service.asked.append(request)
            self.reply(answer(request))

        def reply(self, reply: Reply) -> None:
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {**JSON, **reply.headers}.items():
                self.send_header(name, value)
            if reply.chunks is not None:
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                try:
                    for chunk in reply.chunks:
                        self.wfile.write(chunk)
                        self.wfile.flush()
                except OSError:
                    pass
                return
            self.send_header("Content-Length", str(len(body) if reply.length is None else reply.length))
            self.end_headers()
            self.wfile.write(body)
            if reply.length is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A reader that has enough hangs up: nothing to tell."""

    server = Server((host, 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    service.port = server.server_address[1]
    service.url = f"{'https' if tls else 'http'}://{host}:{service.port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
