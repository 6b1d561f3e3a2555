"""A bucket on a real S3 server: what is put is what is listed and read, each refusal is one of our errors."""

import concurrent.futures
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from modelyard.errors.connection import AccessDenied, MissingObject, ObjectChanged, UnknownBucket, Unreachable
from modelyard.objects import client
from modelyard.objects.bucket import PART, Bucket
from modelyard.objects.finished import finished
from modelyard.objects.spool import spooled
from modelyard.schema.object_store import S3
from modelyard.schema.secret import Secret
from object_stores import READER, Seaweed, ports


def put(connection: S3, **contents: bytes) -> None:
    for key, content in contents.items():
        assert Bucket(connection).put_absent(key, content)


def test_what_is_put_is_listed_in_the_order_of_keys_and_read_back(seaweed: Seaweed) -> None:
    bucket = Bucket(seaweed.connection(prefix="raw/"))
    for key in ("b/2.csv", "a.csv", "b/1.csv"):
        assert bucket.put_absent(key, key.encode())
    assert [one.key for one in bucket.matching()] == ["a.csv", "b/1.csv", "b/2.csv"]
    assert [one.key for one in bucket.matching("b/1")] == ["b/1.csv"]
    assert bucket.read("b/2.csv") == b"b/2.csv"
    outside = Bucket(replace(bucket.connection, prefix=""))
    assert [one.key for one in outside.matching()] == ["raw/a.csv", "raw/b/1.csv", "raw/b/2.csv"]


def test_of_two_who_put_at_once_one_is_first_and_nothing_is_torn(seaweed: Seaweed) -> None:
    connection = seaweed.connection()
    contents = [bytes([place]) * 200_000 for place in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        first = list(pool.map(lambda content: Bucket(connection).put_absent("k", content), contents))
    assert sum(first) == 1
    assert Bucket(connection).read("k") == contents[first.index(True)]


def test_a_large_file_goes_up_in_parts_and_comes_back_in_parts(seaweed: Seaweed, tmp_path: Path) -> None:
    connection, content = seaweed.connection(), os.urandom(2 * PART + 12_345)
    with finished(connection, "big.bin", tmp_path) as file:
        file.write_bytes(content)
    assert "-" in Bucket(connection).look("big.bin").mark  # how S3 marks what came in parts
    assert spooled(connection, "big.bin", tmp_path / "copies")["big.bin"].read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["copies"]


def test_a_write_that_breaks_leaves_no_object_and_no_file(seaweed: Seaweed, tmp_path: Path) -> None:
    connection = seaweed.connection()

    def breaks() -> None:
        with finished(connection, "half.csv", tmp_path) as file:
            file.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert list(Bucket(connection).matching()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_secret_an_unknown_key_and_a_reader_who_writes_are_denied_and_told_apart(seaweed: Seaweed) -> None:
    bucket = seaweed.bucket()
    wrong = seaweed.connection(bucket, secret="nope-nope")
    with pytest.raises(AccessDenied, match=r"does not take this key \(SignatureDoesNotMatch\)") as found:
        list(Bucket(wrong).matching())
    assert "nope-nope" not in str(found.value)
    with pytest.raises(AccessDenied, match="InvalidAccessKeyId"):
        Bucket(seaweed.connection(bucket, key="nobody")).read("a")
    reader = Bucket(seaweed.connection(bucket, key=READER[0], secret=READER[1]))
    assert list(reader.matching()) == []
    with pytest.raises(AccessDenied, match="may not do that"):
        reader.put_absent("a", b"1")
    without = Bucket(S3(name="lake", bucket=bucket, endpoint=seaweed.api, allow_http=True))
    with pytest.raises(AccessDenied, match="not public, and the connection has no key"):
        list(without.matching())
    with pytest.raises(AccessDenied, match="without a key writes nothing"):
        without.put_absent("a", b"1")


def test_a_missing_bucket_is_told_from_a_missing_object(seaweed: Seaweed, tmp_path: Path) -> None:
    with pytest.raises(UnknownBucket, match="there is no bucket 'nowhere'"):
        list(Bucket(seaweed.connection("nowhere")).matching())
    with pytest.raises(UnknownBucket):
        Bucket(seaweed.connection("nowhere")).read("a.csv")
    with pytest.raises(MissingObject, match=r"there is no object 'a\.csv'"):
        spooled(seaweed.connection(), "a.csv", tmp_path)
    with pytest.raises(MissingObject, match=r"no object matches '\*\.csv'"):
        spooled(seaweed.connection(), "*.csv", tmp_path)
    for path in ("s3://bucket/a.csv", "/a.csv", "../a.csv", "a//b.csv", "a/"):
        with pytest.raises(MissingObject, match="no path in a bucket"):
            spooled(seaweed.connection(), path, tmp_path)


def test_nobody_at_the_port_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RETRIES", 1)
    nobody = S3(name="lake", bucket="lake", endpoint=f"http://127.0.0.1:{ports(1)[0]}", allow_http=True,
                access_key="k", secret_key=Secret("s"))  # fmt: skip
    with pytest.raises(Unreachable, match="nothing answers to the end at http://127"):
        list(Bucket(nobody).matching())


def test_an_object_that_is_replaced_between_its_parts_is_an_error_that_names_it(
    seaweed: Seaweed, tmp_path: Path
) -> None:
    connection = seaweed.connection()
    content = tmp_path / "big"
    content.write_bytes(b"a" * (PART + 1))
    Bucket(connection).upload(content, "big.csv")
    one = Bucket(connection).look("big.csv")

    class Replaces:
        """A file after whose first part somebody else writes the object."""

        def __init__(self) -> None:
            self.parts = 0

        def write(self, part: bytes) -> int:
            self.parts += 1
            content.write_bytes(b"b" * (PART + 1))
            Bucket(connection).upload(content, "big.csv")
            return len(part)

    file = Replaces()
    with pytest.raises(ObjectChanged, match=r"'big\.csv' was replaced while it was read"):
        Bucket(connection).copy(one, file)
    assert file.parts == 1


def test_a_copy_is_fetched_once_for_each_version_and_old_ones_go(seaweed: Seaweed, tmp_path: Path) -> None:
    connection = seaweed.connection()
    source = tmp_path / "t.csv"
    source.write_bytes(b"x\n1\n")
    Bucket(connection).upload(source, "d/t.csv")
    first = spooled(connection, "d/t.csv", tmp_path / "c")["d/t.csv"]
    inode = first.stat().st_ino
    assert spooled(connection, "d/t.csv", tmp_path / "c")["d/t.csv"].stat().st_ino == inode
    source.write_bytes(b"x\n2\n")
    Bucket(connection).upload(source, "d/t.csv")
    second = spooled(connection, "d/*.csv", tmp_path / "c")["d/t.csv"]
    assert (first.read_bytes(), second.read_bytes(), second.name) == (b"x\n1\n", b"x\n2\n", "t.csv")
    os.utime(first.parent, (0, 0))
    spooled(connection, "d/t.csv", tmp_path / "c")
    assert (first.exists(), second.exists()) == (False, True)


def test_nothing_of_the_environment_leads_elsewhere_or_signs_otherwise(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"http://127.0.0.1:{ports(1)[0]}"
    hostile = {"AWS_ENDPOINT": nobody, "AWS_ENDPOINT_URL": nobody, "AWS_ENDPOINT_URL_S3": nobody,
               "AWS_ACCESS_KEY_ID": "other", "AWS_SECRET_ACCESS_KEY": "other", "AWS_SESSION_TOKEN": "other",
               "AWS_SKIP_SIGNATURE": "true", "AWS_REGION": "elsewhere", "AWS_BUCKET": "other", "AWS_S3_EXPRESS": "true",
               "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true", "AWS_CONDITIONAL_PUT": "disabled"}  # fmt: skip
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    bucket = Bucket(seaweed.connection())
    assert bucket.put_absent("a", b"1")
    assert not bucket.put_absent("a", b"2")
    assert bucket.read("a") == b"1"
