"""connect, show and init over a real S3 server, as a person at a terminal has them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.api.project import Project
from modelyard.objects.bucket import Bucket
from object_stores import KEY, SECRET, Seaweed

HEAD = "modelyard: 1\nname: demo\ntask: regression\ntarget: {column: y}\nsteps: []\n"
ROWS = "a;y\n" + "".join(f"{i % 17},5;{i % 2}\n" for i in range(60))


def yard(folder: Path, *words: str, code: int = 0, secret: str = SECRET) -> str:
    """What the command says."""
    command = [str(Path(sys.executable).with_name("modelyard")), *words]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                         env={"LAKE_SECRET_KEY": secret, "PATH": "/usr/bin:/bin", "COLUMNS": "140"})  # fmt: skip
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert secret not in ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.fixture
def here(seaweed: Seaweed, tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder with a project file, and the words that connect it to a bucket that holds a table."""
    (tmp_path / "modelyard.yaml").write_text(HEAD)
    connection = seaweed.connection()
    Bucket(connection).put_absent("raw/d/2013.csv", ROWS.encode())
    words = ["connect", "lake", "--kind", "s3", "--bucket", connection.bucket, "--endpoint", seaweed.api,
             "--allow-http", "--region", "us-east-1", "--access-key", KEY, "--password-variable", "LAKE_SECRET_KEY",
             "--prefix", "raw"]  # fmt: skip
    return tmp_path, words


def test_connect_writes_what_works_show_looks_into_it_and_init_begins_from_it(here: tuple[Path, list[str]]) -> None:
    folder, words = here
    said = yard(folder, *words)
    assert "lake (s3) answers in" in said
    assert "1 object: d/2013.csv" in said
    assert "it stays in LAKE_SECRET_KEY" in said
    assert 'secret_key: "${LAKE_SECRET_KEY}"' in (folder / "modelyard.yaml").read_text()
    assert "1 object: d/2013.csv" in yard(folder, "connect", "lake")
    shown = json.loads(yard(folder, "show", "lake:d/2013.csv", "--json"))
    assert (shown["kind"], shown["rows"]) == ("read.csv", 60)
    yard(folder, "init", "first", "--from", "lake:d/2013.csv", "--target", "y")
    text = (folder / "first/modelyard.yaml").read_text()
    assert "connection: lake" in text
    assert "d/2013.csv" in text
    assert "decimal" in text
    assert "${LAKE_SECRET_KEY}" in text


def test_connect_that_fails_says_why_and_leaves_the_file_as_it_was(here: tuple[Path, list[str]]) -> None:
    folder, words = here
    said = yard(folder, *words, code=1, secret="wrong-secret")
    assert "does not take this key (SignatureDoesNotMatch)" in said
    nowhere = [word if not word.startswith("lake") or word == "lake" else "nowhere" for word in words]
    assert "there is no bucket 'nowhere'" in yard(folder, *nowhere, code=2)
    plain = [word for word in words if word != "--allow-http"]
    assert "http:// can be read on the way" in yard(folder, *plain, code=2)
    assert (folder / "modelyard.yaml").read_text() == HEAD


def test_a_project_that_init_wrote_for_an_object_runs(
    here: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, words = here
    yard(folder, *words)
    yard(folder, "init", "first", "--from", "lake:d/*.csv", "--target", "y")
    monkeypatch.setenv("LAKE_SECRET_KEY", SECRET)
    assert Project.load(folder / "first").plan().schema.names == ("a", "y")
