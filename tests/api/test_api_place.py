"""Which store is meant, and stores whose metadata lies in a database of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from stored_models import make_store

import modelyard as my
from modelyard.api.connection import connect
from modelyard.api.place import located, place
from modelyard.api.registry import models, promote_version
from modelyard.api.status import status
from modelyard.errors import ModelyardError
from modelyard.errors.store import NoStore, UnreachableStore


def test_the_option_comes_before_the_variable_before_the_file_before_the_folder(tmp_path: Path) -> None:
    variable = {"MODELYARD_STORE": "/srv/b"}
    assert place("a", "c", tmp_path, variable).store.root == Path("a")
    assert place(None, "c", tmp_path, variable).store.root == Path("/srv/b")
    assert place(None, "c", tmp_path, {}).store.root == tmp_path / "c"
    assert place(None, None, tmp_path, {}).store.root == tmp_path / ".modelyard"


def test_a_database_may_have_a_folder_beside_it(tmp_path: Path) -> None:
    found = place("postgresql://me@host/yard /srv/yard")
    assert (found.url, found.store.root) == ("postgresql://me@host/yard", Path("/srv/yard"))
    found = place(None, "postgresql://me@host/yard", tmp_path, {})
    assert (found.url, found.store.root) == ("postgresql://me@host/yard", tmp_path / ".modelyard")


def test_the_file_in_the_folder_names_its_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELYARD_STORE", raising=False)
    head = "modelyard: 1\nname: a\ntask: regression\ntarget: {column: y}\nstore: ../shared\n"
    (tmp_path / "modelyard.yaml").write_text(head + "steps: [{use: read.csv, path: t.csv}]\n")
    assert located(folder=tmp_path).store.root == tmp_path / "../shared"


def test_the_bucket_of_the_file_stays_beside_whichever_store_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MODELYARD_STORE", raising=False)
    (tmp_path / "modelyard.yaml").write_text(
        "modelyard: 1\nname: a\ntask: regression\ntarget: {column: y}\n"
        "connections: [{name: lake, kind: s3, bucket: flights}]\n"
        "store: {folder: yard, blobs: {connection: lake, path: kept}}\nsteps: []\n"
    )
    by_file, by_option = located(folder=tmp_path), located(tmp_path / "other", tmp_path)
    monkeypatch.setenv("MODELYARD_STORE", str(tmp_path / "third"))
    by_variable = located(folder=tmp_path)
    roots = [one.store.root.name for one in (by_file, by_option, by_variable)]
    remotes = [one.store.remote for one in (by_file, by_option, by_variable)]
    assert roots == ["yard", "other", "third"]
    assert all(one is not None for one in remotes)
    (tmp_path / "modelyard.yaml").write_text("being edited")
    assert located(folder=tmp_path, blobs=False).store.root.name == "third", "a server needs no bucket"
    with pytest.raises(ModelyardError, match=r"modelyard\.yaml"):
        located(folder=tmp_path)


def test_everything_works_with_the_metadata_in_either_database(metadata_url: str, tmp_path: Path) -> None:
    where = f"{metadata_url} {tmp_path / 'yard'}"
    with pytest.raises(NoStore):
        connect(where)
    with make_store(where) as yard:
        assert promote_version(yard, "late@2").done
        assert [version.champion for version in models(yard)] == [False, True]
        assert not status(yard).red
    assert my.Package.load("late", where).version == 2


def test_a_database_that_is_not_there_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(UnreachableStore) as caught:
        connect(f"postgresql://me:secret@127.0.0.1:1/yard {tmp_path}", make=True)
    assert "postgresql://me@127.0.0.1:1/yard cannot be opened" in str(caught.value)
    assert "secret" not in str(caught.value)
