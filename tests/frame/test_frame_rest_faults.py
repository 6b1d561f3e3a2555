"""A server that throttles, fails, breaks off and lies: what passes is asked again, what does not is an error with its
place, and no part of a table is ever taken for the whole."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors.connection import OverLimit, ServiceRefused, UnfitAnswer, Unreachable
from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.frame.rest import client as client_file
from modelyard.frame.rest import waiting
from modelyard.frame.rest.read import Asked, peek, read
from modelyard.frame.rest.unpacked import Damaged, TooLong, unpacked
from modelyard.schema.connection import Rest
from modelyard.schema.limits import Limits
from modelyard.schema.paging import Page
from web_service import Reply, Request, serving

ROWS = [{"a": n, "b": "x"} for n in range(20)]


def asked(url: str, **more: Any) -> Asked:
    service = {name: more.pop(name) for name in ("rate", "headers") if name in more}
    return Asked(connection=Rest(name="shop", url=url, reach="local", **service), path="/rows", **more)


def got(answer: Callable[[Request], Reply], **more: Any) -> list[Any]:
    with serving(answer) as service:
        return read(asked(service.url, **more)).frame.to_dicts()


def first_then(*replies: Reply) -> Callable[[Request], Reply]:
    left = iter(replies)
    return lambda request: next(left, Reply(ROWS))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST", 0.01)


def test_what_fails_for_a_while_is_asked_again(hasty: None) -> None:
    failing = first_then(Reply(status=500), Reply(status=503), Reply(ROWS, length=10_000), Reply(status=429))
    assert got(failing) == ROWS


def test_what_goes_on_failing_is_an_error_with_what_the_service_says(hasty: None) -> None:
    with serving(lambda request: Reply({"message": "the\ndisk is full"}, status=503)) as service:
        with pytest.raises(ServiceRefused, match=r"status 503: .*disk is full.*; asked 6 times"):
            read(asked(service.url))
        assert len(service.asked) == 6


@pytest.mark.parametrize("status", [400, 404, 410, 418, 501])
def test_what_would_be_refused_again_is_not_asked_again(status: int) -> None:
    with serving(lambda request: Reply(status=status)) as service:
        with pytest.raises(ServiceRefused, match=str(status)):
            read(asked(service.url))
        assert len(service.asked) == 1


def test_retry_after_is_honoured_as_seconds_and_as_a_date(hasty: None) -> None:
    for word, least in (("1", 1.0), (format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True), 1.9)):
        began = time.monotonic()
        assert got(first_then(Reply(status=429, headers={"Retry-After": word}))) == ROWS
        assert least <= time.monotonic() - began < 8


def test_a_longer_wait_than_the_time_allowed_is_told_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(OverLimit, match=r"asked again in 360. s"):
        got(first_then(Reply(status=429, headers={"Retry-After": "3600"})), at_most=Limits(time="30m"))
    assert time.monotonic() - began < 2


def test_a_rate_is_kept_over_pages() -> None:
    def pages(request: Request) -> Reply:
        page = int(request.query["page"])
        return Reply(ROWS[page : page + 1] if page < 6 else [])

    began = time.monotonic()
    assert len(got(pages, paging=Page(), rate="10 per 1s")) == 5
    assert time.monotonic() - began >= 0.5


def test_a_body_shorter_than_it_says_is_never_a_table(hasty: None) -> None:
    with pytest.raises(Unreachable, match=r"breaks off.*asked 6 times"):
        got(lambda request: Reply(ROWS, length=10_000))
    whole = json.dumps(ROWS).encode()
    for cut in (1, 7, len(whole) // 2, len(whole) - 1):
        with pytest.raises(UnfitAnswer, match="no array of objects") as met:
            got(lambda request, cut=cut: Reply(chunks=iter([whole[:cut]])))
        assert "/rows, line 1" in met.value.where


def test_a_body_longer_than_it_says_is_cut_and_so_no_json() -> None:
    with pytest.raises(UnfitAnswer):
        got(lambda request: Reply(ROWS, length=17))


def test_what_is_not_json_is_told_for_what_it_is() -> None:
    page = Reply(b"<html>log in</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(UnfitAnswer, match="text/html"):
        got(lambda request: page)
    for body in (b"{", b'{"data": []}', b"[1]", b"nothing", b"\xff\xfe[", b"[{}", b"[" * 100_000):
        with pytest.raises((UnfitAnswer, UnreadableTable)):
            got(lambda request, body=body: Reply(body))


def test_the_keys_that_are_there_are_the_way_out() -> None:
    with pytest.raises(UnfitAnswer) as met:
        got(lambda request: Reply({"items": ROWS, "total": 20}))
    assert "there is: items, total" in met.value.advice
    with pytest.raises(UnfitAnswer, match="no key 'data'"):
        got(lambda request: Reply({"items": ROWS}), records="data")


def test_lines_of_json_are_rows() -> None:
    body = b"\n".join(json.dumps(row).encode() for row in ROWS)
    assert got(lambda request: Reply(body, headers={"Content-Type": "application/x-ndjson"})) == ROWS


def test_packed_answers_unpack_and_a_bomb_does_not() -> None:
    packed = {"Content-Encoding": "gzip"}
    assert got(lambda request: Reply(gzip.compress(json.dumps(ROWS).encode()), headers=packed)) == ROWS
    bomb = gzip.compress(b"[" + b" " * 60_000_000)
    assert len(bomb) < 60_000
    began = time.monotonic()
    with pytest.raises(OverLimit, match="more than 1,000,000 bytes in one answer"):
        got(lambda request: Reply(bomb, headers=packed), at_most=Limits(page_bytes=1_000_000))
    assert time.monotonic() - began < 2
    for body, said in ((bomb[:1_000], "ends inside"), (b"no gzip", "does not unpack")):
        with pytest.raises(UnfitAnswer, match=said):
            got(lambda request, body=body: Reply(body, headers=packed))
    with pytest.raises(UnfitAnswer, match="packed as 'br'"):
        got(lambda request: Reply(b"x", headers={"Content-Encoding": "br"}))


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=3_000), st.integers(1, 50), st.integers(0, 3_000))
def test_unpacking_gives_all_or_nothing(data: bytes, size: int, most: int) -> None:
    packed = gzip.compress(data)
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    if len(data) > most:
        with pytest.raises(TooLong):
            unpacked(chunks, "gzip", most)
    else:
        assert unpacked(chunks, "gzip", most) == data
    with pytest.raises(Damaged):
        unpacked(chunks[:-1], "gzip", 10_000)


def test_all_bytes_and_all_time_are_bounded() -> None:
    def pages(request: Request) -> Reply:
        return Reply([{"a": int(request.query["page"]), "b": "x" * 1_000}])

    with pytest.raises(OverLimit, match="more than 20,000 bytes in all answers"):
        got(pages, paging=Page(), at_most=Limits(bytes=20_000))

    def drip() -> Iterator[bytes]:
        while True:
            time.sleep(0.05)
            yield b" "

    began = time.monotonic()
    with pytest.raises(OverLimit, match="longer than 1s"):
        got(lambda request: Reply(chunks=drip()), at_most=Limits(time="1s"))
    assert time.monotonic() - began < 3


def test_nobody_at_the_port_and_no_such_host_are_unreachable(hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "TRIES", 2)
    with serving(lambda request: Reply(ROWS)) as service:
        gone = service.url
    with pytest.raises(Unreachable, match="takes no connection; asked 2 times"):
        read(asked(gone))
    with pytest.raises(Unreachable, match=r"no-such-host.invalid"):
        read(asked("http://no-such-host.invalid"))


def test_rows_that_do_not_fit_are_kept_with_page_and_number_or_are_the_error() -> None:
    later = [*ROWS[:18], {"a": "many", "b": "x"}, {"a": 1, "b": "x", "c": 2}]

    def pages(request: Request) -> Reply:
        page = int(request.query["page"])
        big = [{"a": n, "b": "x"} for n in range(page * 1_000, page * 1_000 + 1_000)]
        return Reply(big if page == 1 else later if page == 2 else [])

    with pytest.raises(UnreadableTable, match=r"is in none of the first 1,000 rows|holds no integer") as met:
        got(pages, paging=Page())
    assert "page=2, line 19" in met.value.where
    with serving(pages) as service:
        rows = read(asked(service.url, paging=Page(), keep=True))
    assert rows.frame.height == 1_018
    assert [(kept.line, kept.reason) for kept in rows.kept] == [
        (19, "column 'a' holds no integer"), (20, "'c' is in none of the first 1,000 rows"),
    ]  # fmt: skip
    assert json.loads(rows.kept[0].text) == later[18]


def test_more_bad_rows_than_good_ones_are_an_error_even_where_rows_are_kept() -> None:
    with pytest.raises(UnreadableTable, match="2 of 3 rows do not parse"):
        got(lambda request: Reply([1, 2, {"a": 1}]), keep=True)


def test_declared_kinds_and_columns_hold_and_one_that_no_row_has_is_an_error() -> None:
    rows = [{"a": "007", "b": {"c": None}}, {"a": "8", "b": {"c": 1.5}}]
    assert got(lambda r: Reply(rows), types={"a": "integer"}) == [{"a": 7, "b.c": None}, {"a": 8, "b.c": 1.5}]
    assert got(lambda r: Reply(rows), columns=("b.c",)) == [{"b.c": None}, {"b.c": 1.5}]
    with pytest.raises(MissingColumn, match="'z'"):
        got(lambda r: Reply(rows), types={"z": "integer"})


def test_a_look_reads_no_more_pages_than_it_needs() -> None:
    def pages(request: Request) -> Reply:
        page = int(request.query["page"])
        return Reply([{"a": n} for n in range(page * 400, page * 400 + 400)] if page < 50 else [])

    with serving(pages) as service:
        assert [(c.name, c.kind) for c in peek(asked(service.url, paging=Page()))] == [("a", "integer")]
        assert len(service.asked) == 3


def test_rows_are_in_the_order_of_the_id_whatever_order_they_come_in() -> None:
    assert [row["a"] for row in got(lambda r: Reply(ROWS[::-1]), order_if_there=("a",))] == list(range(20))


def test_headers_that_drip_or_never_end_are_given_up(hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "TRIES", 2)

    def sending(pieces: Callable[[], Iterator[bytes]]) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken, _ = listening.accept()
                    with taken, contextlib.suppress(ConnectionError):
                        taken.recv(65_536)
                        for piece in pieces():
                            taken.sendall(piece)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    def drip() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nX: "
        for _ in range(100):
            time.sleep(0.05)
            yield b"a"

    def flood() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        for number in range(100_000):
            yield b"X-%d: %s\r\n" % (number, b"a" * 900)

    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []
    try:
        began = time.monotonic()
        with pytest.raises(OverLimit, match="longer than 1s"):
            read(asked(sending(drip), at_most=Limits(time="1s")))
        with pytest.raises(Unreachable, match="breaks off"):
            read(asked(sending(flood)))
        assert time.monotonic() - began < 4
    finally:
        for one in opened:
            one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in threads:
            thread.join()
