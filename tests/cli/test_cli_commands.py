"""The command line as a person meets it: a process, its output, its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import modelyard
from modelyard.cli.doctor import NATIVE
from modelyard.step.registry import Registry


def run(*words: str) -> subprocess.CompletedProcess[str]:
    code = "from modelyard.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


def test_the_palette_lists_every_kind_as_json_on_standard_output() -> None:
    done = run("steps", "--json")
    assert done.returncode == 0
    assert [each["kind"] for each in json.loads(done.stdout)] == list(Registry.installed())
    assert done.stderr == ""


def test_one_kind_shows_its_parameters_with_their_defaults() -> None:
    shown = json.loads(run("steps", "clean.impute", "--json").stdout)
    assert {"name": "strategy", "default": '"median"'}.items() <= shown["parameters"][1].items()
    assert "strategy" in run("steps", "clean.impute").stdout


def test_a_misspelt_kind_exits_2_and_says_what_was_meant() -> None:
    done = run("steps", "clean.impuet")
    assert done.returncode == 2
    assert "did you mean 'clean.impute'?" in done.stderr
    assert done.stdout == ""


def test_the_doctor_finds_nothing_broken_here() -> None:
    done = run("doctor", "--json")
    assert done.returncode == 0, done.stdout
    states = {each["what"]: each["state"] for each in json.loads(done.stdout)}
    assert states["polars"] == "ok"
    source = Path(modelyard.__file__).parent
    assert sorted(NATIVE) == sorted(f"{part.parent.name}.{part.stem}" for part in source.glob("*/_*.c"))
    assert all(states[use] in ("ok", "slow") for use in NATIVE.values())


def test_help_imports_none_of_the_slow_libraries() -> None:
    code = (
        "import sys; from modelyard.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "slow = {'polars', 'sklearn', 'pandas', 'scipy', 'lightgbm', 'sqlalchemy', 'deltalake', 'dbos', 'numpy'}\n"
        "print(sorted(slow & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"
    assert "doctor" in done.stdout
