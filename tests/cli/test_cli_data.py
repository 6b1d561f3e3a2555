"""`modelyard data` as a person meets it: what it prints, and with which code it ends."""

from __future__ import annotations

import json
from pathlib import Path

from test_cli_run import run, write_project


def test_versions_of_data_by_command_and_their_exit_codes(tmp_path: Path) -> None:
    write_project(tmp_path)
    assert run("data", "list", cwd=tmp_path).stdout.startswith("There are no snapshots yet")
    made = json.loads(run("data", "snapshot", "one", "--json", cwd=tmp_path).stdout)
    assert made["snapshot"]["sources"]["csv"]["rows"] == 400
    first = (tmp_path / "t.csv").read_bytes()
    write_project(tmp_path, rows=410)
    told = json.loads(run("data", "diff", "one", "--json", cwd=tmp_path).stdout)["csv"]
    assert (told["rows"], told["key"]) == ([400, 410], ["id"])
    refused = run("data", "checkout", "one", cwd=tmp_path)
    assert (refused.returncode, "t.csv" in refused.stderr) == (3, True)
    assert run("data", "checkout", "one", "--force", cwd=tmp_path).stdout == "written t.csv\n"
    assert (tmp_path / "t.csv").read_bytes() == first
    assert run("data", "checkout", "one", cwd=tmp_path).stdout == "All files are as they were.\n"
    for words in (("diff", "no"), ("checkout",), ("push", "one"), ("steal",)):
        assert run("data", *words, cwd=tmp_path).returncode == 2, words


def test_a_run_can_read_its_sources_from_the_start(tmp_path: Path) -> None:
    write_project(tmp_path)
    file = tmp_path / "modelyard.yaml"
    file.write_text(file.read_text().replace("path: t.csv}", "path: t.csv, cursor: x}"))
    first = json.loads(run("run", "--json", cwd=tmp_path).stdout)
    assert first["sources"]["csv"]["rows"] == 400
    text = (tmp_path / "t.csv").read_text()
    (tmp_path / "t.csv").write_text(text + "late,-9.5,a,no\n")
    second = json.loads(run("run", "--json", cwd=tmp_path).stdout)
    assert second["package"] == first["package"]
    assert [word for word in second["warnings"] if "t.csv was changed up to x = " in word]
    third = json.loads(run("run", "--json", "--reread", cwd=tmp_path).stdout)
    assert (third["rows"], third["package"]["version"]) == (401, 2)
    made = [line for line in run("history", cwd=tmp_path).stdout.splitlines() if " version " in line]
    assert ["401 rows up to x = " in line for line in made] == [False, True]
    assert "source csv" in run("diff", "toy@1", "toy@2", cwd=tmp_path).stdout
