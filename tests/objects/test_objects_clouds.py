"""Azure by Azurite, Google by fake-gcs-server: the same bucket, another store. Google's server here knows no puts of
the sort that are used, so what is written there is tested nowhere."""

import json
import os
from pathlib import Path
from secrets import token_hex

import polars as pl
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace

from modelyard.errors.connection import AccessDenied, MissingObject, ObjectChanged, UnknownBucket
from modelyard.errors.project import BadParameter
from modelyard.objects.bucket import Bucket
from modelyard.objects.finished import finished
from modelyard.objects.look import look
from modelyard.objects.spool import spooled
from modelyard.schema.connection import Connections
from modelyard.schema.object_store import Azure, Gcs
from modelyard.schema.secret import Secret
from modelyard.step.context import Context
from modelyard.steps.read.csv import Csv
from modelyard.steps.read.parquet import Parquet
from modelyard.steps.write.parquet import Parquet as WriteParquet
from object_stores import FakeGcs


def test_azure_lists_gives_and_takes(azure_container: Azure, tmp_path: Path) -> None:
    connection = replace(azure_container, prefix="raw")
    bucket = Bucket(connection)
    assert bucket.put_absent("d/1.csv", b"a\n1\n")
    assert not bucket.put_absent("d/1.csv", b"a\n9\n")
    assert bucket.put_absent("d/2.csv", b"a\n2\n")
    assert look(connection) == "2 objects: d/1.csv, d/2.csv"
    ctx = Context(folder=tmp_path, connections=Connections({"lake": lambda: connection}))
    rows = Csv(connection="lake", path="d/*.csv").run(ctx)
    assert rows.collect()["a"].to_list() == [1, 2]
    WriteParquet(connection="lake", path="out.parquet").run(ctx, rows)
    assert Parquet(connection="lake", path="out.parquet").run(ctx).collect()["a"].to_list() == [1, 2]


def test_a_large_file_goes_to_azure_in_parts_and_comes_back_as_one_version(
    azure_container: Azure, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 160_000
    with finished(azure_container, "big.bin", tmp_path) as file:
        file.write_bytes(content)
    one = Bucket(azure_container).look("big.bin")
    assert spooled(azure_container, "big.bin", tmp_path)["big.bin"].read_bytes() == content
    with finished(azure_container, "big.bin", tmp_path) as file:
        file.write_bytes(content[::-1])
    with pytest.raises(ObjectChanged, match=r"'big\.bin' was replaced"), open(tmp_path / "copy", "wb") as into:
        Bucket(azure_container).copy(one, into)


def test_azure_refuses_in_our_words(azure_container: Azure) -> None:
    wrong = replace(azure_container, account_key=Secret("bm9wZQ=="))
    with pytest.raises(AccessDenied, match="AuthorizationFailure") as found:
        list(Bucket(wrong).matching())
    assert "bm9wZQ==" not in str(found.value)
    with pytest.raises(UnknownBucket, match="there is no bucket 'nowhere'"):
        list(Bucket(replace(azure_container, container="nowhere")).matching())
    with pytest.raises(MissingObject):
        Bucket(azure_container).read("a")


def test_google_lists_and_gives_what_is_public(fake_gcs: FakeGcs, tmp_path: Path) -> None:
    connection = fake_gcs.connection()
    fake_gcs.put(connection, "d/1.csv", b"a\n1\n")
    fake_gcs.put(connection, "d/2.csv", b"a\n2\n")
    ctx = Context(folder=tmp_path, connections=Connections({"lake": lambda: connection}))
    assert Csv(connection="lake", path="d/*.csv").run(ctx).collect()["a"].to_list() == [1, 2]
    assert look(connection) == "2 objects: d/1.csv, d/2.csv"
    with pytest.raises(MissingObject, match=r"there is no object 'd/3\.csv'"):
        spooled(connection, "d/3.csv", tmp_path)
    with pytest.raises(AccessDenied, match="without a key writes nothing"):
        Bucket(connection).put_absent("a", b"1")


def test_a_replaced_object_of_google_is_fetched_again(fake_gcs: FakeGcs, tmp_path: Path) -> None:
    connection = fake_gcs.connection()
    fake_gcs.put(connection, "t.parquet", b"first")
    assert spooled(connection, "t.parquet", tmp_path)["t.parquet"].read_bytes() == b"first"
    fake_gcs.put(connection, "t.parquet", b"other")
    assert spooled(connection, "t.parquet", tmp_path)["t.parquet"].read_bytes() == b"other"


def test_a_service_account_signs_by_itself_and_only_its_own_fields_are_used(fake_gcs: FakeGcs, tmp_path: Path) -> None:
    connection = fake_gcs.connection()
    fake_gcs.put(connection, "a.csv", b"a\n1\n")
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "client_email": "yard@example.iam", "private_key": pem,
               "token_uri": "http://127.0.0.1:1/", "gcs_base_url": "http://127.0.0.1:1"}  # fmt: skip
    signed = replace(connection, service_account=Secret(json.dumps(account)))
    assert pl.read_csv(spooled(signed, "a.csv", tmp_path)["a.csv"])["a"].to_list() == [1]


def test_google_takes_what_is_written_whole_and_once(tmp_path: Path) -> None:
    """Against Google itself, since no emulator takes what is put so."""
    name, account = os.environ.get("MODELYARD_GCS_BUCKET"), os.environ.get("MODELYARD_GCS_ACCOUNT")
    if not name or not account:
        pytest.skip(
            'no Google bucket: MODELYARD_GCS_BUCKET=… MODELYARD_GCS_ACCOUNT="$(cat key.json)" pytest tests/objects'
        )
    connection = Gcs(name="lake", bucket=name, prefix=f"test-{token_hex(8)}", service_account=Secret(account))
    bucket = Bucket(connection)
    assert bucket.put_absent("a", b"1")
    assert not bucket.put_absent("a", b"2")
    with finished(connection, "big.bin", tmp_path) as file:
        file.write_bytes(bytes(range(256)) * 160_000)
    assert bucket.look("big.bin").size == 40_960_000


@pytest.mark.parametrize("text", ["key.json", "{}", '{"type": "authorized_user", "refresh_token": "x"}', "[]"])
def test_what_is_no_key_of_a_service_account_is_refused_unseen(text: str) -> None:
    connection = Gcs(name="lake", bucket="lake", service_account=Secret(text))
    with pytest.raises(BadParameter, match="no JSON key of a service account") as found:
        Bucket(connection)
    assert text not in str(found.value) or text in ("{}", "[]")
