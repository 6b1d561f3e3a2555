"""A real server process, a real client."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_load import PREDICT, Load, until
from serving_store import ROW, Server, late, logged, promote, records

from modelyard.store.place import Store
from modelyard.store.pointer import Pointer, set_pointer
from modelyard.store.serving import Serving, set_serving


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store").make()
    promote(made, 0.25, 1)
    return made


@pytest.fixture
def server(store: Store) -> Iterator[Server]:
    running = Server(store)
    yield running
    if running.process.poll() is None:
        running.stop()


def test_a_prediction_is_answered_as_the_model_says_and_logged(server: Server, store: Store) -> None:
    with server.client() as client:
        reply = client.post(
            PREDICT, json={"rows": [{**ROW, "flight": "a"}, {**ROW, "carrier": "ZZ", "at": "2013-01-01"}]}
        )
        assert reply.status_code == 200
        first, second = reply.json()["predictions"]
        assert first["id"] == "a"
        assert first["probabilities"]["True"] == late(ROW, 0.25)
        assert first["prediction"] is (late(ROW, 0.25) > 0.5)
        assert [w["warning"] for w in second["warnings"]] == ["unseen"]
        assert (reply.json()["revision"], reply.json()["version"]) == (1, 11)
        assert reply.json()["durability"] == "fsync"
        assert logged(store) == {"a": 1, second["id"]: 1}


def test_a_retry_gets_the_stored_reply_and_another_row_under_its_id_is_refused(server: Server, store: Store) -> None:
    with server.client() as client:
        first = client.post(PREDICT, json={**ROW, "flight": "a"}).json()["predictions"][0]
        again = client.post(PREDICT, json={**ROW, "flight": "a"}).json()["predictions"][0]
        assert again == {**first, "replayed": True}
        other = client.post(PREDICT, json={**ROW, "flight": "a", "distance": 1})
        assert (other.status_code, other.json()["error"]) == (409, "id_taken")
        assert logged(store) == {"a": 1}


def test_labels_are_accepted_and_logged(server: Server, store: Store) -> None:
    with server.client() as client:
        reply = client.post("/v1/models/late/labels", json={"labels": [{"id": "a", "arr_delay": 20.0}]})
        assert (reply.status_code, reply.json()) == (202, {"accepted": 1})
        assert client.post("/v1/models/late/labels", json={"id": "a", "delay": 20.0}).status_code == 422
        assert logged(store, "label") == {"a": 1}


REFUSALS = [
    ("POST", PREDICT, b'{"rows": [{"dep_delay": 1, "distance": "far", "carrier": "UA"}]}', 422, "bad_rows"),
    ("POST", PREDICT, b"{", 400, "bad_body"),
    ("POST", PREDICT, b'{"a": 1, "a": 1}', 400, "duplicate_key"),
    ("POST", "/v1/models/other/predict", b"{}", 404, "no_such_model"),
    ("GET", "/elsewhere", None, 404, "no_such_route"),
    ("GET", PREDICT, None, 405, "wrong_method"),
    ("DELETE", "/livez", None, 405, "wrong_method"),
    ("POST", PREDICT, b"[" + b" " * 8_000_000 + b"]", 413, "too_large"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), REFUSALS, ids=[r[4] + r[0] for r in REFUSALS])
def test_what_is_refused_says_so(
    server: Server, store: Store, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    with server.client() as client:
        reply = client.request(method, path, content=body, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["error"]) == (status, code)
    assert reply.json()["way_out"]
    assert logged(store) == {}


def test_only_json_is_read_and_only_this_machine_is_answered(server: Server) -> None:
    with server.client() as client:
        pickled = client.post(PREDICT, content=b"{}", headers={"content-type": "application/vnd.bentoml+pickle"})
        assert pickled.status_code == 415
        assert client.post(PREDICT, json=ROW, headers={"host": "evil.example"}).status_code == 403
        assert client.post(PREDICT, json=ROW, headers={"origin": "https://evil.example"}).status_code == 403


def test_liveness_readiness_metrics_and_the_contract_can_be_read(server: Server) -> None:
    with server.client() as client:
        client.post(PREDICT, json=ROW)
        assert client.get("/livez").status_code == 200
        ready = client.get("/readyz").json()
        assert (ready["models"], ready["versions"]) == ({"late": 1}, {"late": 11})
        text = client.get("/metrics").text
        assert 'modelyard_requests_total{route="predict",status="200"} 1' in text
        assert 'modelyard_revision{model="late"} 1' in text
        assert 'modelyard_version{model="late"} 11' in text
        assert [c["name"] for c in client.get("/v1/models/late").json()["columns"]] == list(ROW)


def test_settings_beside_the_pointer_say_what_is_logged_and_are_read_again(store: Store) -> None:
    set_serving(store.serving, "late", Serving(durability="os", without=("dep_delay",), labels={"arr_delay": "number"}))
    running = Server(store, "--without", "secret")
    with running.client() as client:
        reply = client.post(PREDICT, json={**ROW, "secret": 1, "flight": "a"}).json()
        assert reply["durability"] == "os"
        wrong = client.post("/v1/models/late/labels", json={"id": "a", "arr_delay": "late"})
        assert (wrong.status_code, wrong.json()["error"]) == (422, "bad_labels")
        assert client.post("/v1/models/late/labels", json={"id": "a", "arr_delay": 20}).status_code == 202
        set_serving(store.serving, "late", Serving(durability="os", without=("distance",)))
        time.sleep(0.6)
        client.post(PREDICT, json={**ROW, "flight": "b"})
    running.stop()
    columns = {record["id"]: set(record["row"]) for record in records(store)}
    assert columns == {"a": {"distance", "carrier", "flight"}, "b": {"dep_delay", "carrier", "flight"}}


def test_a_server_does_not_start_on_settings_that_it_cannot_read(store: Store) -> None:
    store.serving.write_bytes(b'{"late": {"without": 3}}')
    with pytest.raises(RuntimeError, match="cannot be read"):
        Server(store)


def test_another_host_is_refused_until_there_is_a_token_and_then_the_token_is_needed(store: Store) -> None:
    with pytest.raises(RuntimeError, match="would open the model to the network without a token"):
        Server(store, "--host", "0.0.0.0")
    token = store.root / "token"
    token.write_text("s" * 40)
    running = Server(store, "--host", "0.0.0.0", "--token-file", str(token))
    with running.client() as client:
        assert client.post(PREDICT, json=ROW).status_code == 401
        assert client.post(PREDICT, json=ROW, headers={"authorization": "Bearer " + "s" * 39}).status_code == 401
        assert client.post(PREDICT, json=ROW, headers={"authorization": "Bearer " + "s" * 40}).status_code == 200
        assert client.get("/livez").status_code == 200
    running.stop()


def test_a_busy_port_is_named(server: Server, store: Store) -> None:
    with pytest.raises(RuntimeError, match=f"port {server.port} on 127.0.0.1 is in use"):
        Server(store, port=server.port)


BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in "polars sklearn sqlalchemy deltalake pandas scipy lightgbm dbos".split():
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Block())
from modelyard.serve.__main__ import main
raise SystemExit(main(sys.argv[1:]))
"""


def test_it_serves_where_nothing_but_the_serving_libraries_can_be_imported(store: Store) -> None:
    running = Server(store, code=BLOCKED)
    with running.client() as client:
        assert client.post(PREDICT, json=ROW).status_code == 200
    running.stop()


def test_no_pickle_is_read_in_the_server_process() -> None:
    code = (
        "from modelyard.serve.fence import forbid_unpickling; forbid_unpickling()\n"
        "import pickle, collections; pickle.loads(pickle.dumps(collections.OrderedDict()))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Unpickling" in ended.stderr


def test_a_damaged_package_leaves_the_last_good_one_serving(server: Server, store: Store) -> None:
    digest = promote(store, 0.5, 2)
    with server.client() as client:
        until(lambda: client.post(PREDICT, json=ROW).json()["revision"] == 2)
        bad = store.package(promote_damaged(store, 3))
        assert bad.exists()
        until(lambda: "swap_failures_total 1" in client.get("/metrics").text)
        reply = client.post(PREDICT, json={**ROW, "distance": 9}).json()
        assert (reply["revision"], reply["digest"]) == (2, digest)


def promote_damaged(store: Store, revision: int) -> str:
    pointer = store.pointer.read_bytes()
    digest = promote(store, 0.75, revision)
    store.pointer.write_bytes(pointer)
    data = next(path for path in store.package(digest).iterdir() if "array" in path.name)
    content = bytearray(data.read_bytes())
    content[0] ^= 1
    data.write_bytes(content)
    set_pointer(store.pointer, "late", Pointer(revision, digest, 10 + revision))
    return digest


def test_sigterm_under_load_fails_no_request(store: Store) -> None:
    for _ in range(3):
        running = Server(store, "--durability", "os")
        load = Load(running, 6, f"t{running.port}")
        time.sleep(0.5)
        status, _ = running.stop()
        load.end()
        assert load.failures == []
        assert status in (0, -signal.SIGTERM)
        assert set(load.acknowledged) <= set(logged(store))


def test_a_hot_swap_under_load_fails_no_request_and_mixes_no_versions(store: Store) -> None:
    running = Server(store, "--durability", "os")
    load = Load(running, 4, "s")
    for revision in range(2, 7):
        promote(store, 0.25 * revision, revision)
        time.sleep(0.4)
    time.sleep(0.4)
    load.end()
    running.stop()
    assert load.failures == []
    assert load.wrong == 0
    assert load.revisions == {1, 2, 3, 4, 5, 6}


def test_a_silent_or_half_sent_request_is_let_go(server: Server) -> None:
    starts = [b"", b"POST /v1/models/late/predict HTTP/1.1\r\nHost: local", _half_body()]
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in starts]
    for connection, start in zip(held, starts, strict=True):
        connection.sendall(start)
        connection.settimeout(14)
    ends = [connection.recv(4096) for connection in held]
    assert ends[:2] == [b"", b""]
    assert ends[2].startswith(b"HTTP/1.1 408")
    for connection in held:
        connection.close()


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
from modelyard.serve.__main__ import main
raise SystemExit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("durability", ["fsync", "os"])
def test_a_write_that_is_cut_short_is_a_503_and_the_next_file_goes_on(store: Store, durability: str) -> None:
    running = Server(store, "--durability", durability, code=LIMITED)
    acknowledged = []
    statuses = []
    with running.client() as client:
        for number in range(40):
            reply = client.post(PREDICT, json={**ROW, "flight": str(number)})
            statuses.append(reply.status_code)
            if reply.status_code == 200:
                acknowledged.append(str(number))
            else:
                assert (reply.status_code, reply.json()["error"]) == (503, "log_unavailable")
                assert reply.headers["retry-after"]
                time.sleep(0.25)
    running.stop()
    assert statuses.count(503) >= 2
    assert statuses.count(200) >= 20
    assert logged(store) == dict.fromkeys(acknowledged, 1)


def test_a_full_disk_is_a_503_and_space_freed_is_enough_to_go_on(store: Store) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", store.segments], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount: run as root")
    running = Server(store)
    try:
        acknowledged = _fill_and_free(running, store)
        assert acknowledged <= set(logged(store))
    finally:
        running.stop()
        subprocess.run(["umount", store.segments], check=True)


def _fill_and_free(running: Server, store: Store) -> set[str]:
    """What was acknowledged before, while and after the disk was full."""
    ballast = store.segments / "ballast"
    with running.client() as client:
        ballast.write_bytes(b"x" * 32_768)
        statuses = [client.post(PREDICT, json={**ROW, "flight": str(n)}).status_code for n in range(120)]
        assert statuses[0] == 200
        assert statuses[-1] == 503
        assert client.get("/readyz").status_code == 503
        ballast.unlink()
        time.sleep(0.25)
        assert client.post(PREDICT, json={**ROW, "flight": "after"}).status_code == 200
        assert client.get("/readyz").status_code == 200
    return {str(number) for number, status in enumerate(statuses) if status == 200} | {"after"}


def _half_body() -> bytes:
    head = b"POST /v1/models/late/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return head + b"Content-Length: 100\r\n\r\n" + json.dumps(ROW).encode()[:20]
