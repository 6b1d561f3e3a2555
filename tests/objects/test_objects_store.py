"""Blobs and packages on a real S3 server: by their digest, first there, checked when they come back."""

import shutil
from pathlib import Path

import polars as pl
import pytest

import modelyard as my
from modelyard.api.project import Project
from modelyard.api.registry import models, promote_version
from modelyard.errors.connection import AccessDenied, UnknownConnection
from modelyard.errors.package import BadDigest, BadPackage
from modelyard.errors.store import MissingBlob
from modelyard.objects.bucket import Bucket
from modelyard.package.manifest import ARRAYS, MANIFEST
from modelyard.run.forgotten import forget_kept
from modelyard.run.kept import Kept, Reading
from modelyard.schema.object_store import S3
from modelyard.store.blobs import Blobs
from modelyard.store.packages import open_package
from modelyard.store.place import Store
from modelyard.store.remote import Remote
from object_stores import KEY, READER, SECRET, Seaweed

FILE = """modelyard: 1
name: churn
task: classification
target: {{column: left, positive: true}}
store: {{folder: {folder}, metadata: "sqlite:///{shared}/meta.db", blobs: {{connection: lake, path: yard}}}}
connections:
  - {{name: lake, kind: s3, bucket: {bucket}, endpoint: "{api}", allow_http: true, access_key: {key},
     secret_key: "${{LAKE_SECRET}}"}}
steps:
  - {{use: read.csv, path: ../rows.csv}}
  - {{use: evaluate.compare, candidates: [model.logistic_regression], split: {{folds: 3}}}}
"""


def test_a_blob_is_put_once_fetched_once_and_checked(seaweed: Seaweed, tmp_path: Path) -> None:
    connection = seaweed.connection()
    here = Blobs(tmp_path / "here", Remote(lambda: connection, "yard"))
    digest = here.put(b"rows")
    key = f"yard/blobs/{digest[:2]}/{digest}"
    assert [one.key for one in Bucket(connection).matching()] == [key]
    there = Blobs(tmp_path / "there", Remote(lambda: connection, "yard"))
    assert digest in there
    assert not there.path(digest).exists()
    assert there.get(digest) == b"rows"
    assert there.path(digest).read_bytes() == b"rows"
    assert there.put(b"rows") == digest
    assert "0" * 64 not in there
    with pytest.raises(MissingBlob, match="no blob 000"):
        there.get("0" * 64)


def test_a_blob_whose_bytes_are_others_is_refused_and_not_kept(seaweed: Seaweed, tmp_path: Path) -> None:
    connection = seaweed.connection()
    digest = Blobs(tmp_path / "here", Remote(lambda: connection)).put(b"rows")
    (tmp_path / "damaged").write_bytes(b"rowz")
    Bucket(connection).upload(tmp_path / "damaged", f"blobs/{digest[:2]}/{digest}")
    there = Blobs(tmp_path / "there", Remote(lambda: connection))
    with pytest.raises(MissingBlob, match="damaged in the object store"):
        there.get(digest)
    assert not there.path(digest).exists()


def test_a_blob_that_cannot_be_put_there_is_not_kept_here(seaweed: Seaweed, tmp_path: Path) -> None:
    reader = seaweed.connection(key=READER[0], secret=READER[1])
    here = Blobs(tmp_path, Remote(lambda: reader))
    with pytest.raises(AccessDenied):
        here.put(b"rows")
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_rows_that_are_forgotten_here_are_gone_there_too(seaweed: Seaweed, tmp_path: Path) -> None:
    connection = seaweed.connection()
    bucket, remote = Bucket(connection), Remote(lambda: connection, "yard")
    here, there, third = (Store(tmp_path / name, remote).make() for name in ("here", "there", "third"))
    frame = pl.DataFrame({"n": [1, 2, 3], "id": ["c1", "someone", "c3"]})
    kept = Kept(here)
    reading = kept.add(Reading(cursor="n", columns={"n": "integer", "id": "category"}, upto=3, id="id"), [frame])
    version = kept.keep("orders", reading)
    forget_kept(here, ["someone"])
    contents = [bucket.read(one.key) for one in bucket.matching()]
    held = [pl.read_parquet(content) for content in contents if content.startswith(b"PAR1")]
    assert [rows["id"].to_list() for rows in held] == [["c1", "c3"]]
    for store in (here, there):
        rows = Kept(store)
        assert rows.rows(rows.version(version))["id"].to_list() == ["c1", "c3"]
        assert rows.forgotten(rows.version(version)) == 1
    assert forget_kept(third, ["c3"], pins=[version]).rows == 1, "by the version's name alone"
    assert forget_kept(there, ["c3"]).rows == 1, "of its own copies"
    for store in (there, third):
        assert Kept(store).rows(Kept(store).version(version))["id"].to_list() == ["c1"]


def project(folder: Path, connection: S3, name: str) -> Project:
    """One machine's: its own folder, the metadata and the bucket shared."""
    (folder / name).mkdir()
    text = FILE.format(folder=".yard", shared=folder, bucket=connection.bucket, api=connection.endpoint, key=KEY)
    (folder / name / "modelyard.yaml").write_text(text)
    return Project.load(folder / name)


@pytest.fixture
def shared(seaweed: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[S3, Path]:
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    lines = "".join(f"{i % 23},{'true' if i * 7 % 23 > 9 else 'false'}\n" for i in range(300))
    (tmp_path / "rows.csv").write_text(f"a,left\n{lines}")
    return seaweed.connection(), tmp_path


def trained(folder: Path, connection: S3) -> str:
    """What the first machine made: the digest of its package."""
    return project(folder, connection, "first").run(cores=1).package.digest


def second(folder: Path, connection: S3) -> Store:
    """Of another machine, which trusts the first one's key."""
    store = project(folder, connection, "second").place().store.make()
    shutil.copytree(folder / "first/.yard/keys", store.keys, dirs_exist_ok=True)
    return store


def test_what_one_machine_trained_another_promotes_with_nothing_but_the_bucket_and_the_metadata(
    shared: tuple[S3, Path],
) -> None:
    connection, folder = shared
    digest = trained(folder, connection)
    keys = {one.key for one in Bucket(connection).matching()}
    assert {key.rpartition("/")[0] for key in keys} == {f"yard/packages/{digest}"}
    store = second(folder, connection)
    assert not store.package(digest).exists()
    with my.connect(Project.load(folder / "second").place()) as yard:
        assert [version.digest for version in models(yard)] == [digest]
        assert promote_version(yard, "churn@1").done is False
    assert open_package(store, digest).name == "churn"
    held = [file for file in folder.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert held == []


def test_a_package_in_the_bucket_that_is_not_what_its_name_says_is_refused(shared: tuple[S3, Path]) -> None:
    connection, folder = shared
    digest = trained(folder, connection)
    other, part = folder / "other", f"yard/packages/{digest}"
    other.write_bytes(b"{}")
    Bucket(connection).upload(other, f"{part}/{ARRAYS}")
    store = second(folder, connection)
    with pytest.raises(BadDigest, match="is not what was signed"):
        open_package(store, digest)
    assert not store.package(digest).exists()
    shutil.rmtree(folder / "second")
    Bucket(connection).upload(other, f"{part}/{MANIFEST}")
    with pytest.raises(BadDigest, match="another package"):
        open_package(second(folder, connection), digest)
    with pytest.raises(BadPackage):
        open_package(Project.load(folder / "second").place().store, "0" * 64)


def test_a_store_names_a_connection_that_is_there_and_holds_objects(
    shared: tuple[S3, Path],
) -> None:
    connection, folder = shared
    made = project(folder, connection, "first")
    file = folder / "first/modelyard.yaml"
    file.write_text(file.read_text().replace("connection: lake", "connection: lakes"))
    with pytest.raises(UnknownConnection, match="did you mean 'lake'"):
        Project.load(folder / "first").place()
    assert made.place("elsewhere").store.remote is not None
