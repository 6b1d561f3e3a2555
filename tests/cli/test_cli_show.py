"""`modelyard show` of a file: in the terminal, as one document, as one page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
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


@pytest.mark.parametrize("write", ["write_parquet", "write_ipc", "write_ipc_stream"])
def test_columns_of_lists_are_said_to_be_left_out(here: Path, write: str) -> None:
    frame = pl.DataFrame({"n": [1, 2] * 20, "l": [[1], [2, 3]] * 20, "s": [{"<a>": 1}] * 40})
    name = "t.parquet" if write == "write_parquet" else "t.arrow"
    getattr(frame, write)(name)
    run(name, "--html", "t.html")
    code, shown = run(name)
    assert (code, "Not read, as no step knows" in shown, "l  List(Int64)" in shown) == (0, True, True)
    page = (here / "t.html").read_text()
    assert "Not read, as no step knows what they hold: l (List(Int64)), s (Struct({&#x27;&lt;a&gt;" in page
    assert json.loads(run(name, "--json")[1])["unread"].keys() == {"l", "s"}
    assert json.loads(run("t.csv", "--json")[1])["unread"] == {}


def test_names_of_rows_do_not_lead_what_goes_together(here: Path) -> None:
    found = json.loads(run("t.csv", "--target", "y", "--json")[1])
    assert "id" in found["columns"]
    assert "id" in found["associations"]["left_out"]
    assert not any("id" in (pair["a"], pair["b"]) for pair in found["associations"]["strongest"])
    assert found["associations"]["strongest"]
