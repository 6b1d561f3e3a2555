"""Commands about a store, as a person meets them: what is printed, and how each mistake is answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))

from stored_models import make_store

from modelyard.api.connection import connect
from modelyard.cli import main
from modelyard.loop.verdict import Verdict, write
from modelyard.store.versions import champion

CODE = "from modelyard.cli import main; main()"
"""Where a process of its own is worth its second; else `told` runs the same in this one."""


def told(monkeypatch: pytest.MonkeyPatch, *words: str, cwd: Path) -> int:
    """The exit code."""
    monkeypatch.chdir(cwd)
    monkeypatch.delenv("MODELYARD_STORE", raising=False)
    monkeypatch.setattr(sys, "argv", ["modelyard", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    return 0 if caught.value.code is None else int(caught.value.code)


def run(*words: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, *words],
        capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **variables},
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Path:
    make_store(tmp_path / ".modelyard").close()
    return tmp_path


def test_models_are_listed_and_promoted_and_rolled_back_on_the_record(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str) -> str:
        assert told(monkeypatch, *words, cwd=store) == 0
        return capsys.readouterr().out

    assert "late@1  1970-01-01 00:00:01" in said("models")
    dry = json.loads(said("promote", "late@2", "--dry-run", "--json"))
    assert (dry["before"], dry["after"], dry["done"]) == (1, 2, False)
    assert "version 2 serves now, before it version 1" in said("promote", "late@2", "--reason", "better")
    assert "late@1" in said("diff", "late@1", "late")
    assert "version 1 serves now" in said("rollback", "late")
    events = json.loads(said("history", "late", "--json"))
    assert [event["document"]["to"] for event in events] == [1, 2, 1]
    assert "better, from 1, to 2" in said("history")
    assert "late@1" in said("history", "--at", "1970-01-02")


def test_the_store_is_found_by_option_variable_and_folder(store: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    named = str(store / ".modelyard")
    assert run("models", "--store", named, cwd=elsewhere).returncode == 0
    assert run("models", cwd=elsewhere, MODELYARD_STORE=named).returncode == 0
    done = run("models", cwd=elsewhere)
    assert done.returncode == 2
    assert "there is no store at .modelyard" in done.stderr
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("promote", "late@9"), 2, "late has no version 9"),
        (("rollback", "late"), 3, "served before"),
        (("rollback", "lat"), 2, "did you mean 'late'?"),
        (("history", "--request", "nobody"), 2, "no request 'nobody'"),
        (("history", "--at", "yesterday"), 2, "'yesterday' is no date"),
        (("models", "--store", "nope://x/y"), 1, "nope://x/y is no database URL"),
        (("models", "extra", "words"), 2, "Got unexpected extra argument"),
    ],
)
def test_mistakes_are_answered_without_a_traceback(
    store: Path,
    words: tuple[str, ...],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told(monkeypatch, *words, cwd=store) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


def test_with_json_a_mistake_is_a_document_on_standard_error(store: Path) -> None:
    done = run("models", "lat", "--json", cwd=store)
    assert json.loads(done.stderr)["error"] == "unknown_version"


def test_a_database_that_is_none_is_said(store: Path) -> None:
    (store / ".modelyard" / "meta.db").write_text("this is no database" * 100)
    done = run("models", cwd=store)
    assert done.returncode == 1
    assert "cannot be opened" in done.stderr


def test_a_first_file_is_written_and_checks(tmp_path: Path) -> None:
    lines = [f"{n},{n % 9},{'yes' if n % 3 else 'no'}" for n in range(300)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,z", *lines]) + "\n")
    done = run("init", "first", "--from", "t.csv", "--target", "z", cwd=tmp_path)
    assert "Wrote first/modelyard.yaml: a classification of z" in done.stdout, done.stderr
    assert "The plan holds." in run("check", "first", cwd=tmp_path).stdout
    again = run("init", "first", "--from", "t.csv", "--target", "z", cwd=tmp_path)
    assert again.returncode == 2
    assert "first/modelyard.yaml is there already" in again.stderr
    assert "did you mean 'regression'?" in run("init", "b", "--from", "t.csv", "--target", "z", "--task", "regresion",
                                               cwd=tmp_path).stderr  # fmt: skip


def test_status_exits_3_while_a_verdict_stands(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(monkeypatch, "status", "--check", cwd=store) == 0
    assert "not watched yet" in capsys.readouterr().out
    with connect(store / ".modelyard") as yard, yard.metadata.begin() as sql:
        serving = champion(sql, "late")
        assert serving is not None
        write(sql, Verdict(kind="drifted", monitor="drift", source="inputs", model="late", version=1,
                           package=serving[0].digest, since=1, start=2, end=3, summary="carrier has drifted",
                           evidence={}, act="modelyard retrain"))  # fmt: skip
    assert told(monkeypatch, "status", "--check", cwd=store) == 3
    shown = capsys.readouterr().out
    assert "drifted, late@1, since 1970-01-01 00:00:00" in shown
    assert "act: modelyard retrain" in shown
    assert told(monkeypatch, "status", "--json", cwd=store) == 0
    assert json.loads(capsys.readouterr().out)["red"] is True
