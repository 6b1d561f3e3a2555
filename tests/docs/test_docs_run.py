"""The code that stands in the README and in docs/ runs, and answers what the page says it answers.

Every ```python block is run, the blocks of a page one after the other in one namespace: as doctests where they hold
`>>>`, else as they are. A ```console block runs when the line above it is `<!-- runnable -->`: each `$ ` line in a
shell, in an empty folder of the page's own; its output must be the lines below it, `...` standing for anything.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^<!-- runnable -->\n```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
ELLIPSIS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def with_blocks(pattern: re.Pattern[str]) -> list[Path]:
    return [page for page in PAGES if pattern.search(page.read_text())]


@pytest.mark.parametrize("page", with_blocks(PYTHON), ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for number, code in enumerate(PYTHON.findall(page.read_text()), 1):
        if ">>>" not in code:
            exec(compile(code, f"{page.name}, block {number}", "exec"), names)
            continue
        test = doctest.DocTestParser().get_doctest(code, names, f"{page.name}, block {number}", str(page), 0)
        said: list[str] = []
        doctest.DocTestRunner(optionflags=ELLIPSIS).run(test, out=said.append, clear_globs=False)
        assert not said, "".join(said)
        names.update(test.globs)


@pytest.mark.parametrize("page", with_blocks(CONSOLE), ids=lambda page: page.name)
def test_the_commands_of_a_page_answer_what_it_shows(page: Path, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in CONSOLE.findall(page.read_text()):
        for said in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = said.partition("\n")
            ran = subprocess.run(
                ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False,
                env={**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "120"},
            )  # fmt: skip
            assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
            if shown.strip():
                same = doctest.OutputChecker().check_output(shown.strip(), ran.stdout.strip(), ELLIPSIS)
                assert same, f"{command}\n{ran.stdout}"
