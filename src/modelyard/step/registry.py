"""Which kinds of step there are: a value, built from entry points, never a global.

Built-in kinds come in by the same entry points as a stranger's plugin (`modelyard.steps`, name = kind), and a kind is
imported when it is used, not when it is listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points

from modelyard.errors import did_you_mean
from modelyard.errors.project import BrokenPlugin, UnknownStep
from modelyard.step.step import Step

GROUP = "modelyard.steps"


class Registry:
    def __init__(self, kinds: Mapping[str, EntryPoint | type[Step]]) -> None:
        self._kinds = dict(kinds)

    @classmethod
    def installed(cls) -> Registry:
        found: dict[str, EntryPoint | type[Step]] = {}
        for entry in entry_points(group=GROUP):
            if entry.name in found:
                raise BrokenPlugin(
                    f"two plugins offer the step {entry.name!r}", who=str(entry.dist and entry.dist.name)
                )
            found[entry.name] = entry
        return cls(found)

    def with_kinds(self, kinds: Mapping[str, type[Step]]) -> Registry:
        """A registry that also knows these (local steps beside the project file)."""
        return Registry({**self._kinds, **kinds})

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._kinds))

    def __contains__(self, kind: object) -> bool:
        return kind in self._kinds

    def __getitem__(self, kind: str) -> type[Step]:
        if kind not in self._kinds:
            raise UnknownStep(f"no step kind {kind!r}", way_out=did_you_mean(kind, self._kinds))
        found = self._kinds[kind]
        return self._load(kind, found) if isinstance(found, EntryPoint) else found

    def _load(self, kind: str, entry: EntryPoint) -> type[Step]:
        try:
            loaded = entry.load()
        except Exception as error:
            raise BrokenPlugin(f"the step {kind!r} does not import: {error}", who=entry.value) from error
        if not (isinstance(loaded, type) and issubclass(loaded, Step)):
            raise BrokenPlugin(f"the entry point of {kind!r} is no Step", who=entry.value)
        self._kinds[kind] = loaded
        return loaded
