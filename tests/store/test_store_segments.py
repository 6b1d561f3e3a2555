"""What the log holds is read line by line; blobs and the pointer are whole or not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from logged_rows import prediction, segment

from modelyard.errors.store import BadPointer, BadServing, MissingBlob, StalePointer
from modelyard.store.blobs import Blobs
from modelyard.store.place import Store
from modelyard.store.pointer import Pointer, read_pointer, set_pointer
from modelyard.store.segments import Recovery, checked, finished, line, lives, read_segment, recover
from modelyard.store.serving import Serving, read_serving, set_serving

RECORDS = [prediction(f"r{n}", float(n)) for n in range(6)]


@settings(deadline=None, max_examples=100)
@given(some.data())
def test_a_segment_cut_anywhere_keeps_every_whole_line_before_the_cut(data: some.DataObject) -> None:
    import tempfile

    raw = b"".join(map(line, RECORDS))
    cut = data.draw(some.integers(0, len(raw)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{1:020d}-999999999-000001.log"
        path.write_bytes(raw[:cut])
        whole = raw[:cut].count(b"\n")
        found = recover(Path(folder))
        assert found.torn == (0 if raw[:cut].endswith(b"\n") or cut == 0 else 1)
        assert [one.record for one in read_segment(path)] == RECORDS[:whole]
        assert recover(Path(folder)) == Recovery(segments=1)


@settings(deadline=None, max_examples=200)
@given(some.binary(max_size=40).filter(lambda b: b"\n" not in b), some.data())
def test_any_flipped_bit_of_a_line_is_noticed(record: bytes, data: some.DataObject) -> None:
    raw = bytearray(line(record))
    place = data.draw(some.integers(0, len(raw) - 2))
    raw[place] ^= 1 << data.draw(some.integers(0, 7))
    assert checked(line(record)) == record
    assert checked(bytes(raw)) is None


def test_only_segments_that_nobody_writes_to_any_more_are_cut(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    live = tmp_path / f"{5:020d}-{child.pid}-000002.log"
    left = tmp_path / f"{5:020d}-{child.pid}-000001.log"
    for path in (live, left):
        path.write_bytes(line(RECORDS[0]) + b"torn")
    assert (lives(live), finished(live), finished(left)) == (True, False, True)
    assert recover(tmp_path) == Recovery(segments=1, torn=1, bytes_cut=4)
    assert live.read_bytes().endswith(b"torn")
    child.communicate(b"\n")
    assert recover(tmp_path) == Recovery(segments=2, torn=1, bytes_cut=4)


def test_a_batch_that_is_logged_again_is_logged_once(tmp_path: Path) -> None:
    segment(tmp_path, 1, *RECORDS)
    path = segment(tmp_path, 1, *RECORDS)
    assert len(list(read_segment(path))) == 6
    assert len(list(tmp_path.iterdir())) == 1


def test_a_blob_is_found_by_its_digest_and_a_damaged_one_is_missed(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    digest = blobs.put(b"bytes")
    assert blobs.put(b"bytes") == digest
    assert blobs.get(digest) == b"bytes"
    assert digest in blobs
    blobs.path(digest).write_bytes(b"other")
    for odd in (digest, "0" * 64, "../../etc/passwd", "x"):
        with pytest.raises(MissingBlob):
            blobs.get(odd)


def test_the_pointer_only_goes_forward(tmp_path: Path) -> None:
    path = tmp_path / "pointer.json"
    assert read_pointer(path) == {}
    set_pointer(path, "a", Pointer(3, "x"))
    set_pointer(path, "b", Pointer(1, "y"))
    set_pointer(path, "a", Pointer(3, "x"))
    for old in (Pointer(2, "z"), Pointer(3, "z")):
        with pytest.raises(StalePointer):
            set_pointer(path, "a", old)
    assert read_pointer(path) == {"a": Pointer(3, "x"), "b": Pointer(1, "y")}
    for damaged in (b"{", b'{"\xff": {"revision": 1, "digest": "x"}}'):
        path.write_bytes(damaged)
        with pytest.raises(BadPointer):
            read_pointer(path)


def test_a_store_is_private_and_made_as_often_as_one_likes(tmp_path: Path) -> None:
    store = Store(tmp_path / "yard").make().make()
    assert [os.stat(p).st_mode & 0o777 for p in (store.root, store.keys)] == [0o700, 0o700]


SERVING = """
import sys
import modelyard.store.blobs, modelyard.store.place, modelyard.store.pointer, modelyard.store.segments
import modelyard.package.load, modelyard.package.parity, modelyard.package.write
print(sorted({"polars", "pandas", "sklearn", "scipy", "sqlalchemy", "deltalake", "dbos"} & set(sys.modules)))
"""


def test_what_serves_imports_none_of_the_heavy_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", SERVING], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_pointer_written_before_versions_were_in_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pointer.json"
    path.write_bytes(b'{"a":{"revision":3,"digest":"x"}}')
    assert read_pointer(path) == {"a": Pointer(3, "x", 0)}


def test_settings_of_what_is_served_are_kept_by_model(tmp_path: Path) -> None:
    path = tmp_path / "serving.json"
    assert read_serving(path) == {}
    set_serving(path, "a", Serving(durability="os", without=("email",)))
    set_serving(path, "b", Serving(labels={"delay": "number"}))
    set_serving(path, "a", Serving(without=("email", "name")))
    assert read_serving(path) == {
        "a": Serving(without=("email", "name")),
        "b": Serving(labels={"delay": "number"}),
    }
    path.write_bytes(b'{"a":{"durability":"perhaps"}}')
    with pytest.raises(BadServing, match="perhaps"):
        read_serving(path)
    path.write_bytes(b'{"a":{"durability":"\xff"}}')
    with pytest.raises(BadServing, match="utf-8"):
        read_serving(path)
