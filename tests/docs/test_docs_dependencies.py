"""Every dependency of pyproject.toml has its line in docs/dependencies.md."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\| `([\w.-]+)` \| \d[\w.]* \| [^|]+ \| [\d.]+ \| [\d.]+ \| \S", re.MULTILINE)


def test_every_dependency_has_its_version_licence_size_import_time_and_purpose() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [re.split(r"[<>=;\[ ]", requirement)[0] for requirement in project["dependencies"]]
    page = (ROOT / "docs" / "dependencies.md").read_text()
    assert sorted(LINE.findall(page)) == sorted(named)
    for requirements in project["optional-dependencies"].values():
        for requirement in requirements:
            assert f"`{re.split(r'[<>=;[ ]', requirement)[0]}`" in page
