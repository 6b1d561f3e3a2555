"""What an installation takes on the disk, each in a fresh environment, without the environment's own pip: everything
(`pip install .`), and the prediction server alone (`pip install ./serving`).

Aims: 800 MB and 200 MB. Sizes are those of the files (`du --apparent-size`). The last commit is what is installed.
"""

from __future__ import annotations

import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def megabytes(folder: Path) -> float:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e6


def installed(place: Path, imported: str, *installs: list[str]) -> float:
    """Megabytes that the installs add to an empty environment, in which `imported` must then import."""
    venv.create(place, with_pip=True)
    empty = megabytes(place)
    for packages in installs:
        command = [place / "bin" / "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run(command, check=True)
    subprocess.run([place / "bin" / "python", "-W", "error", "-c", f"import {imported}"], check=True)
    return megabytes(place) - empty


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        archive = subprocess.run(["git", "-C", ROOT, "archive", "HEAD"], check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", source], input=archive.stdout, check=True)
        size = installed(Path(folder) / "serving", "modelyard.serve.server", [str(source / "serving")])
        print(f"serving only: {size:.0f} MB (aim: at most 200)", flush=True)
        size = installed(Path(folder) / "everything", "modelyard.cli, modelyard.serve.server", [str(source)])
        print(f"pip install .: {size:.0f} MB (aim: at most 800)", flush=True)


if __name__ == "__main__":
    main()
