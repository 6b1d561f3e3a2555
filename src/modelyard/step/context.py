"""What surrounds a step when it runs: where, with which seed, how many cores, what the project says of its columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from modelyard.schema.connection import Connections
from modelyard.schema.quality import Finding
from modelyard.schema.roles import Roles
from modelyard.schema.target import Outcome


def silent(word: str) -> None:
    """Nobody listens."""


def unread(finding: Finding) -> None:
    """Nobody keeps a report."""


class Context(Struct, frozen=True, kw_only=True):
    folder: Path = Path()
    """Relative paths of the project file start here."""
    seed: int = 0
    cores: int = 1
    roles: Roles = Roles()
    target: str | None = None
    outcome: Outcome | None = None
    """Set once the target has been read: before that, only table steps run."""
    zone: str = "UTC"
    connections: Connections = Connections()
    """Of the project, by name. Where steps learn (worker processes) there are none."""
    cache: Path | None = None
    """Of the store; without it `.modelyard/cache` in the folder."""
    tell: Callable[[str], None] = silent
    """Takes what a table step has to say of the rows that it ran on (rows kept out, columns that drifted): the words
    stand in the result."""
    report: Callable[[Finding], None] = unread
    """Takes what each rule found: the quality report of the result."""
    now: int | None = None
    """When the run began, µs since 1970 UTC; without it nothing is judged by the clock."""

    @property
    def copies(self) -> Path:
        """Where copies of objects lie."""
        return (self.cache or self.folder / ".modelyard" / "cache") / "objects"

    @property
    def spill(self) -> Path:
        """Where rows lie for which there is no room."""
        return (self.cache or self.folder / ".modelyard" / "cache") / "spill"

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no learned step may select."""
        return (*self.roles.never_features, *((self.target,) if self.target else ()))
