"""A webhook on a real server: once per message and target, tried again, never in the way of the loop."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from modelyard.loop.notice import Notice, say
from modelyard.loop.notify import DELIVERED, FAILED, Message, Notifier, Sending, deliver
from modelyard.loop.verdict import Verdict, commands, write
from modelyard.project.settings import Notify
from modelyard.store.metadata import Metadata
from modelyard.store.records import Record, read_records

DAY = 86_400_000_000
QUICK = Sending(attempts=3, timeout=1.0, pause=0.01)
VERDICT = Verdict(kind="worse", monitor="quality", source="losses", model="late", version=3, package="ab" * 32,
                  since=15_000 * DAY, start=15_003 * DAY, end=15_004 * DAY, summary="log_loss is 0.7, usually 0.4",
                  evidence={"z": 5.1, "missing": float("nan")}, look=commands("worse", "late")[0],
                  act=commands("worse", "late")[1])  # fmt: skip


class Hook:
    """Answers with `answers` in order, then 200; keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.wait = 0.0
        self.got: list[tuple[dict[str, Any], str]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(hook.wait)
                hook.got.append((json.loads(body), self.headers["Idempotency-Key"]))
                self.send_response(hook.answers.pop(0) if hook.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def target(self, *when: Any) -> Notify:
        return Notify(to=f"http://127.0.0.1:{self.server.server_port}/secret-path", when=when or ("broken", "worse"))

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.stop()


@pytest.fixture
def metadata(tmp_path: Path) -> Iterator[Metadata]:
    with Metadata(f"sqlite:///{tmp_path}/meta.db") as opened:
        yield opened


def written(metadata: Metadata, kind: str) -> list[Record]:
    with metadata.begin() as sql:
        return read_records(sql, kind, "late")


def test_a_message_says_what_since_when_why_which_version_and_what_to_type(hook: Hook, metadata: Metadata) -> None:
    assert deliver(metadata, hook.target(), Message.of(VERDICT), QUICK)
    ((body, key),) = hook.got
    assert len(key) == 64
    assert body == {
        "occasion": "worse", "key": VERDICT.key, "model": "late", "version": 3, "package": "ab" * 32,
        "what": "log_loss is 0.7, usually 0.4", "since": "2011-01-26T00:00:00Z", "at": "2011-01-30T00:00:00Z",
        "evidence": {"source": "losses", "approximate": False, "z": 5.1, "missing": None},
        "look": "modelyard status late", "act": "modelyard retrain",
    }  # fmt: skip


def test_once_per_message_and_target_and_only_on_the_occasions_asked_for(hook: Hook, metadata: Metadata) -> None:
    first, second = hook.target(), replace(hook.target(), to=hook.target().to + "/2")
    with Notifier(metadata, [first, second, hook.target("promoted")], QUICK) as notifier:
        for _ in range(3):
            notifier.tell(Message.of(VERDICT))
        notifier.tell(Message.of(replace(VERDICT, kind="drifted")))
    assert [body["occasion"] for body, _ in hook.got] == ["worse", "worse"]
    assert len({key for _, key in hook.got}) == 2
    assert len(written(metadata, DELIVERED)) == 2


def test_a_server_that_stumbles_is_tried_again_and_one_that_refuses_is_not(hook: Hook, metadata: Metadata) -> None:
    hook.answers = [503, 429, 200, 400, 302]
    assert deliver(metadata, hook.target(), Message.of(VERDICT), QUICK)
    assert len(hook.got) == 3
    for day in (1, 2):
        message = Message.of(replace(VERDICT, start=VERDICT.start + day * DAY))
        assert not deliver(metadata, hook.target(), message, QUICK)
    assert len(hook.got) == 5
    assert [one.document["problem"] for one in written(metadata, FAILED)] == ["answered 400", "answered 302"]


def test_nobody_there_is_written_down_without_the_address_and_told_when_somebody_is(
    hook: Hook, metadata: Metadata
) -> None:
    gone = Hook()
    target = gone.target()
    gone.stop()
    with metadata.begin() as sql:
        write(sql, VERDICT)
    with Notifier(metadata, [target], QUICK) as notifier:
        notifier.catch_up("late")
    (failed,) = written(metadata, FAILED)
    assert failed.document == {"to": "127.0.0.1", "occasion": "worse", "message": VERDICT.key, "attempts": 3,
                               "problem": "not reached: ConnectionRefusedError"}  # fmt: skip
    with Notifier(metadata, [hook.target()], QUICK) as notifier:
        notifier.catch_up("late")
        notifier.catch_up("late", since=VERDICT.end + 1)
    assert len(hook.got) == 1
    assert "secret" not in json.dumps([one.document for one in written(metadata, DELIVERED)])


def test_other_addresses_than_http_are_never_opened(metadata: Metadata, tmp_path: Path) -> None:
    for address in (f"file://{tmp_path}/x", "http://[::1", "http://a:b/", "http://" + "a" * 80 + ".b/"):
        assert not deliver(metadata, Notify(to=address, when=("worse",)), Message.of(VERDICT), QUICK)
    found = [one.document["problem"] for one in written(metadata, FAILED)]
    assert found[:3] == ["the address is no http(s) address", "the address is none", "the address is none"]
    assert found[3].startswith("not reached")


def test_the_loop_does_not_wait_for_a_slow_server(hook: Hook, metadata: Metadata) -> None:
    hook.wait = 0.3
    notifier = Notifier(metadata, [hook.target()], QUICK)
    start = time.monotonic()
    for day in range(5):
        notifier.tell(Message.of(replace(VERDICT, start=VERDICT.start + day * DAY)))
    assert time.monotonic() - start < 0.1
    assert not notifier.close(patience=0.1)
    assert notifier.close()
    assert len(hook.got) == 5
    assert Notifier(metadata, []).close()


def test_promotions_and_failures_are_told_too_and_found_again_after_a_crash(hook: Hook, metadata: Metadata) -> None:
    notice = Notice(
        occasion="promoted", model="late", at=15_000 * DAY, summary="version 4 serves", facts={"gain": 0.01}
    )
    target = hook.target("promoted")
    say(metadata, lambda _: None, notice, key="4")
    for _ in range(2):
        with Notifier(metadata, [target], QUICK) as notifier:
            notifier.catch_up("late")
            notifier.notice(notice)
    ((body, _),) = hook.got
    assert (body["occasion"], body["what"], body["version"]) == ("promoted", "version 4 serves", None)
    assert (body["evidence"], body["look"]) == ({"gain": 0.01}, "modelyard history")
