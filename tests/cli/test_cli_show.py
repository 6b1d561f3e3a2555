"""`modelyard show` of a file: in the terminal, as one document, as one page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelyard.cli import application

CSV = "id,x,w,y\n" + "".join(f"c{n},{n % 40},{'ab'[n % 2]},{'yes' if n % 2 else 'no'}\n" for n in range(400))


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(application(), ["show", *words])
    return done.exit_code, done.stdout


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(CSV)
    return tmp_path


def test_a_file_is_shown_with_its_warnings_and_pairs(here: Path) -> None:
    code, shown = run("t.csv", "--target", "y", "--rows", "1")
    assert code == 0
    assert "read.csv t.csv: 400 rows, 4 columns" in shown
    assert "grave  target_copy" in shown
    assert "Go together:" in shown
    assert shown.rstrip().endswith("no")


def test_json_is_one_document_and_the_page_is_beside_it(here: Path) -> None:
    code, shown = run("t.csv", "--target", "y", "--json", "--html", "t.html")
    assert code == 0
    found = json.loads(shown)
    assert found["columns"]["w"]["summary"]["top"] == [["a", 200], ["b", 200]]
    assert found["doubts"][0]["kind"] == "target_copy"
    assert (here / "t.html").read_text().startswith("<!doctype html>")


def test_what_cannot_be_shown_says_where_and_how(here: Path) -> None:
    for words, said in ((["gone.csv"], "no file"), (["t.csv", "--target", "z"], "no column 'z'"),
                        (["--target", "y"], "--target and --time are of a file")):  # fmt: skip
        done = subprocess.run(
            [Path(sys.executable).parent / "modelyard", "show", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode in (1, 2)
        assert said in done.stderr
        assert "Traceback" not in done.stderr
