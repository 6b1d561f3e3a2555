"""The server's own distribution holds what a server imports, and nothing that needs more than its six dependencies."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("polars", "sklearn", "scipy", "sqlalchemy", "deltalake", "dbos", "lightgbm", "ruamel", "typer", "httpx")
CODE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {heavy!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, {place!r})
import modelyard.serve.__main__
assert modelyard.__path__ == [{place!r} + "/modelyard"], modelyard.__path__
raise SystemExit(modelyard.serve.__main__.main([{store!r}, "--port", "0"]))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    archive = subprocess.run(["git", "-C", ROOT, "archive", "HEAD"], check=True, capture_output=True)
    source.mkdir()
    subprocess.run(["tar", "-x", "-C", source], input=archive.stdout, check=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder]
    subprocess.run([*pip, source / "serving"], check=True, capture_output=True)
    (wheel,) = folder.glob("modelyard_serve-*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "there")
    return folder / "there"


def test_it_holds_the_rooms_of_a_server(unpacked: Path) -> None:
    rooms = {path.name for path in (unpacked / "modelyard").iterdir() if path.is_dir()}
    assert rooms == {"errors", "schema", "rows", "scoring", "measure", "package", "store", "serve"}
    parts = {path.parent.name + "." + path.name.split(".")[0] for path in (unpacked / "modelyard").rglob("*.so")}
    native = {path.parent.name + "." + path.stem for path in (ROOT / "src" / "modelyard").glob("*/_*.c")}
    assert parts == {name for name in native if name.split(".")[0] in rooms}


def test_it_starts_where_nothing_else_is_installed(unpacked: Path, tmp_path: Path) -> None:
    code = CODE.format(heavy=HEAVY, place=str(unpacked), store=str(tmp_path / "none"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Way out" in done.stderr
