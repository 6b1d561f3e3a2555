"""Snapshots as files that DVC tracks, where the project is a Git repository with DVC in it.

By dvc's command, not its library: the command is what is documented, it keeps its imports and its licence to itself,
and its words are shown as they are. The names (`snapshots/NAME.json`) are small and belong to Git, beside
`snapshots/NAME.dvc`; what they hold (`snapshots/NAME/`) belongs to DVC's cache and remotes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from modelyard.errors.store import DvcFailed
from modelyard.store.snapshots import Shelf

FOLDER = "snapshots"
_PUSHED = re.compile(r"(\d+) files? pushed")
QUIET = {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}


class Dvc:
    """`folder`: of the project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, folder: Path) -> Dvc | None:
        """None where there is no Git repository with DVC around that folder."""
        for place in (folder.absolute(), *folder.absolute().parents):
            if (place / ".dvc").is_dir():
                return cls(folder)
            if (place / ".git").exists():
                return None
        return None

    def shelf(self, name: str) -> Shelf:
        """Of that snapshot: each lies in a folder of its own."""
        return Shelf(self.folder / FOLDER / name, self.folder / FOLDER)

    def add(self, name: str) -> tuple[str, ...]:
        """Let DVC track what the snapshot holds; the files that are to be committed to Git."""
        self._run("add", f"{FOLDER}/{name}")
        return (f"{FOLDER}/{name}.dvc", f"{FOLDER}/{name}.json", f"{FOLDER}/.gitignore")

    def push(self, name: str, remote: str | None) -> int:
        """How many files were not there yet."""
        said = _PUSHED.search(self._run("push", *_remote(remote), f"{FOLDER}/{name}.dvc"))
        return int(said[1]) if said else 0

    def pull(self, name: str, remote: str | None) -> None:
        """From the remote, or from DVC's cache where it is there."""
        self._run("pull", *_remote(remote), f"{FOLDER}/{name}.dvc")

    def here(self, name: str) -> bool:
        return (self.folder / FOLDER / name).is_dir()

    def _run(self, *words: str) -> str:
        program = shutil.which("dvc")
        if program is None:
            raise DvcFailed(
                "this is a DVC repository, but dvc is not installed", way_out="pip install 'modelyard[dvc]'"
            )
        done = subprocess.run(
            [program, *words], cwd=self.folder, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DvcFailed(f"dvc {words[0]}: {_error(done.stderr or done.stdout)}", where=str(self.folder))
        return done.stdout


def _error(said: str) -> str:
    """What dvc says of an error, on one line. With --quiet it would say nothing."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and "https://dvc.org/support" not in line]
    begins = next((at for at, line in enumerate(lines) if line.startswith("ERROR: ")), 0)
    return " ".join(lines[begins:]).removeprefix("ERROR: ") or "it failed without a word"


def _remote(name: str | None) -> tuple[str, ...]:
    return ("--remote", name) if name else ()
