"""What HTTP allows besides the usual request, through a real server: the short door must mean the same as uvicorn's."""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from serving_store import ROW, Server, logged, promote

from modelyard.store.place import Store

PATH = "/v1/models/late/predict"


@pytest.fixture(scope="module", params=["fsync", "os"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = Store(tmp_path_factory.mktemp("doors") / "store").make()
    promote(store, 0.25, 1)
    running = Server(store, "--durability", request.param)
    yield running
    running.stop()


def body(key: str, **more: object) -> bytes:
    return json.dumps({"rows": [{**ROW, "flight": key, **more}]}).encode()


def asked(content: bytes, *headers: str, path: str = PATH, version: str = "1.1", length: bool = True) -> bytes:
    lines = [f"POST {path} HTTP/{version}", "Host: localhost", "Content-Type: application/json", *headers]
    if length:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode() + content


class Connection:
    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.file = self.socket.makefile("rb")

    def send(self, data: bytes) -> "Connection":
        self.socket.sendall(data)
        return self

    def head(self) -> tuple[int, dict[str, str]]:
        status = int(self.file.readline().split()[1])
        headers = {}
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        return status, headers

    def answer(self) -> tuple[int, dict[str, str], dict]:
        status, headers = self.head()
        return status, headers, json.loads(self.file.read(int(headers["content-length"])))

    def ids(self, count: int) -> list[str]:
        return [self.answer()[2]["predictions"][0]["id"] for _ in range(count)]

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def ended(self) -> bool:
        return self.file.read() == b""


Connect = Callable[[], Connection]


@pytest.fixture
def connect(server: Server) -> Iterator[Connect]:
    made: list[Connection] = []

    def connected() -> Connection:
        made.append(Connection(server))
        return made[-1]

    yield connected
    for connection in made:
        connection.close()


def short_door(server: Server) -> int:
    """How many predictions came in through it, as the server itself counts."""
    with server.client() as client:
        text = client.get("/metrics").text
    return int(text.split("\nmodelyard_short_door_total ")[1].split()[0])


def test_the_usual_client_takes_the_short_door_from_its_second_request_on(server: Server) -> None:
    """Without it every answer would still be right, at less than half the speed."""
    with server.client() as client:
        assert client.post(PATH, json={**ROW, "flight": "usual"}).status_code == 200
        before = short_door(server)
        for number in range(20):
            assert client.post(PATH, json={**ROW, "flight": f"usual-{number}"}).status_code == 200
        assert short_door(server) == before + 20
        batch = [{**ROW, "flight": f"batch-{number}"} for number in range(100)]
        assert client.post(PATH, json={"rows": batch}).status_code == 200
        assert short_door(server) == before + 21


def test_what_the_short_door_is_not_made_for_goes_the_long_way(server: Server, connect: Connect) -> None:
    connection = connect()
    connection.send(asked(body("first"))).ids(1)
    before = short_door(server)
    connection.send(asked(body("plain"))).ids(1)
    connection.send(asked(body("big", filler="x" * 16_000, more=["y" * 16_000] * 4))).answer()
    connection.send(asked(body("expects"), "Expect: 100-continue"))
    assert connection.head()[0] == 100
    connection.ids(1)
    connect().send(asked(body("closes"), "Connection: close")).ids(1)
    connect().send(asked(body("refused"), "Origin: https://evil.example")).answer()
    assert short_door(server) == before + 1


def test_one_connection_is_kept_for_many_requests(connect: Connect) -> None:
    connection = connect()
    for number in range(20):
        status, headers, reply = connection.send(asked(body(f"k{number}"))).answer()
        assert (status, reply["predictions"][0]["id"]) == (200, f"k{number}")
        assert headers["content-type"] == "application/json"
        assert "connection" not in headers
        assert headers["date"]


def test_pipelined_requests_are_answered_in_order_whichever_door_each_takes(connect: Connect) -> None:
    whole = asked(body("p0")) + asked(body("p1")) + asked(body("p2", more="x" * 16_000), "X-Odd: 1")
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body("p3")), body("p3"))
    whole += asked(chunk, "Transfer-Encoding: chunked", length=False) + asked(body("p4")) + asked(body("p5"))
    assert connect().send(whole).ids(6) == [f"p{n}" for n in range(6)]
    slowly = connect()
    threading.Thread(target=lambda: [slowly.send(whole[n : n + 97]) for n in range(0, len(whole), 97)]).start()
    assert slowly.ids(6) == [f"p{n}" for n in range(6)]


def test_a_request_may_come_byte_by_byte(connect: Connect) -> None:
    connection = connect()
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in asked(body("bytes")):
        connection.send(bytes([byte]))
    assert connection.ids(1) == ["bytes"]


def test_a_client_that_waits_for_100_continue_gets_it_before_it_sends_the_body(connect: Connect) -> None:
    content = body("hundred")
    connection = connect().send(asked(content, "Expect: 100-continue")[: -len(content)])
    assert connection.head()[0] == 100
    assert connection.send(content).ids(1) == ["hundred"]
    too_large = asked(b"", "Expect: 100-continue", "Content-Length: 9000000", length=False)
    assert connect().send(too_large).answer()[0] == 413


def test_a_client_that_closes_is_told_so_and_http_1_0_is_closed(connect: Connect) -> None:
    for request in (asked(body("close"), "Connection: close"), asked(body("old"), version="1.0")):
        connection = connect().send(request)
        status, headers, _ = connection.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert connection.ended()


@pytest.mark.parametrize("size", [60_000, 65_536, 70_000, 900_000])
def test_bodies_around_the_size_of_the_short_door_are_answered_alike(connect: Connect, size: int) -> None:
    rows = [{**ROW, "flight": f"s{size}-{n}"} for n in range(size // 100)]
    content = json.dumps({"rows": rows}).encode()
    content += b" " * (size - len(content))
    reply = connect().send(asked(content)).answer()[2]
    assert [one["id"] for one in reply["predictions"]] == [row["flight"] for row in rows]


REFUSED = [
    (asked(body("r"), "Host: evil.example"), 403, "foreign_origin"),
    (asked(body("r"), "Origin: https://evil.example"), 403, "foreign_origin"),
    (asked(body("r"), "Content-Type: text/csv"), 415, "wrong_content_type"),
    (asked(b'{"rows": [{"distance": "far"}]}'), 422, "bad_rows"),
    (asked(b'{"rows": ['), 400, "bad_body"),
    (asked(b""), 400, "bad_body"),
    (asked(body("r"), path="/v1/models/other/predict"), 404, "no_such_model"),
]


@pytest.mark.parametrize(("request_", "status", "code"), REFUSED, ids=[f"{r[2]}-{n}" for n, r in enumerate(REFUSED)])
def test_what_is_refused_says_so_and_leaves_the_connection_open(
    connect: Connect, request_: bytes, status: int, code: str
) -> None:
    connection = connect().send(request_)
    found, headers, reply = connection.answer()
    assert (found, reply["error"], headers["content-type"]) == (status, code, "application/problem+json")
    assert connection.send(asked(body(f"after-{code}"))).ids(1) == [f"after-{code}"]


def test_two_lengths_or_a_length_beside_chunks_are_no_request(connect: Connect) -> None:
    for headers in (["Content-Length: 5"], ["Transfer-Encoding: chunked"]):
        connection = connect().send(asked(body("smuggled"), *headers))
        assert connection.head()[0] == 400


def test_other_spellings_of_a_path_find_the_same_model(connect: Connect) -> None:
    for path in ("/v1/models/l%61te/predict", PATH + "?x=1", "http://localhost" + PATH):
        assert connect().send(asked(body(path), path=path)).ids(1) == [path]


def test_a_client_that_goes_away_before_its_answer_harms_nobody(connect: Connect) -> None:
    for number in range(20):
        connect().send(asked(body(f"gone{number}"))).close()
    assert connect().send(asked(body("still"))).ids(1) == ["still"]


@pytest.mark.parametrize("durability", ["fsync", "os"])
def test_sigterm_answers_what_has_been_sent_and_says_that_the_connection_ends(tmp_path: Path, durability: str) -> None:
    store = Store(tmp_path / "store").make()
    promote(store, 0.25, 1)
    running = Server(store, "--durability", durability)
    open_ = [Connection(running) for _ in range(30)]
    for number, connection in enumerate(open_):
        connection.send(asked(body(f"first{number}"))).ids(1)
    running.process.send_signal(signal.SIGTERM)
    for number, connection in enumerate(open_):
        connection.send(asked(body(f"last{number}")))
    for number, connection in enumerate(open_):
        status, headers, reply = connection.answer()
        assert (status, reply["predictions"][0]["id"], headers.get("connection")) in (
            (200, f"last{number}", "close"),
            (200, f"last{number}", None),
        )
    time.sleep(0.1)
    for connection in open_:
        connection.close()
    assert running.process.wait(20) in (0, -signal.SIGTERM)
    running.process.communicate()
    assert {f"last{n}" for n in range(30)} <= set(logged(store))
