"""Where things lie under `.modelyard/`. Paths only: knows no SQL and opens nothing."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from modelyard.store.remote import Remote

IGNORED = "# Written by Modelyard: keys, rows and requests belong in no repository.\n*\n"


class Store(Struct, frozen=True):
    """
    >>> Store(Path(".modelyard")).pointer.as_posix()
    '.modelyard/pointer.json'
    """

    root: Path
    remote: Remote | None = None
    """Where blobs and packages lie besides."""

    @property
    def metadata(self) -> Path:
        return self.root / "meta.db"

    @property
    def metadata_url(self) -> str:
        return f"sqlite:///{self.metadata}"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def packages(self) -> Path:
        return self.blobs / "packages"

    def package(self, digest: str) -> Path:
        """The folder of a package; its name is the digest of its manifest."""
        return self.packages / digest

    @property
    def segments(self) -> Path:
        return self.root / "segments"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def training(self) -> Path:
        """Rows of the log gathered for a retraining that is under way."""
        return self.cache / "training"

    @property
    def sources(self) -> Path:
        """How far each source with a cursor was read; the rows themselves are blobs."""
        return self.root / "sources"

    @property
    def snapshots(self) -> Path:
        """Names of snapshots; what they hold are blobs."""
        return self.root / "snapshots"

    @property
    def workflows(self) -> Path:
        """What retrainings that are under way have answered so far."""
        return self.root / "workflows.db"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def trusted(self) -> Path:
        return self.keys / "trusted"

    @property
    def pointer(self) -> Path:
        return self.root / "pointer.json"

    @property
    def serving(self) -> Path:
        return self.root / "serving.json"

    def make(self) -> Store:
        """Create the folders that are missing; private to this user, keys above all, and nothing for Git."""
        if not self.root.exists():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.root / ".gitignore").write_text(IGNORED)
        for folder in (self.packages, self.segments, self.lake, self.cache, self.trusted):
            folder.mkdir(parents=True, exist_ok=True)
        self.keys.chmod(0o700)
        return self
