"""Which package each model serves, and how: pointer and settings, polled in a thread; loaded and proven before taken.

Only a greater revision is taken; whatever goes wrong on the way (unreadable pointer or settings, bad signature, parity)
leaves the last good package serving and is counted and said. The swap itself is one assignment.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Iterable

from msgspec.structs import replace

from modelyard.errors import ModelyardError
from modelyard.package.keys import Trust
from modelyard.package.load import load
from modelyard.scoring.engine import Scorer
from modelyard.serve.answer import Answerer
from modelyard.serve.meters import Meters
from modelyard.serve.recent import Recent
from modelyard.serve.served import Served
from modelyard.store.place import Store
from modelyard.store.pointer import Pointer, read_pointer
from modelyard.store.serving import Durability, Serving, read_serving

POLL_SECONDS = 0.25


class Swapper:
    """`names`: the models to serve; none: all that the pointer names, those that come later too. `durability` is the
    log's, which is the process's: what `serving.json` says later counts from the next start."""

    def __init__(
        self, store: Store, names: Iterable[str], durability: Durability = "fsync", without: Iterable[str] = ()
    ) -> None:
        self.models: dict[str, Answerer | None] = dict.fromkeys(names)
        self.meters: Meters | None = None
        self._store, self._durability, self._without = store, durability, frozenset(without)
        self._all = not self.models
        self._recent: defaultdict[str, Recent] = defaultdict(Recent)
        self._failed: dict[str, Pointer] = {}
        self._said = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="swap", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5.0)

    def look(self) -> None:
        """Read pointer and settings once and take what is newer. A package that failed is not tried again."""
        try:
            pointers, settings = read_pointer(self._store.pointer), read_serving(self._store.serving)
        except ModelyardError as error:
            self._say(error)
            return
        self._said = ""
        if self._all:
            self.models |= dict.fromkeys(pointers.keys() - self.models.keys())
        for name, now in list(self.models.items()):
            pointer, serving = pointers.get(name), settings.get(name, Serving())
            newer = pointer is not None and (now is None or pointer.revision > now.served.revision)
            if pointer is not None and newer and self._failed.get(name) != pointer:
                self._take(name, pointer, serving)
            elif now is not None:
                self._settle(name, now, serving)

    def _settle(self, name: str, now: Answerer, serving: Serving) -> None:
        """New settings for the package that is already served."""
        served = self._with(now.served, serving)
        if served.without != now.served.without or served.labels != now.served.labels:
            self.models[name] = Answerer(served, now.scorer, now.recent)

    def _take(self, name: str, pointer: Pointer, serving: Serving) -> None:
        try:
            self.models[name] = self._load(name, pointer, serving)
            if self.meters is not None:
                self.meters.swaps += 1
        except (ModelyardError, OSError, ValueError, MemoryError) as error:
            self._failed[name] = pointer
            self._say(error)
            if self.meters is not None:
                self.meters.swap_failures += 1

    def _load(self, name: str, pointer: Pointer, serving: Serving) -> Answerer:
        trust = Trust.read(self._store.trusted)
        model = load(self._store.package(pointer.digest), trust, digest=pointer.digest, name=name)
        served = Served(
            name=name,
            digest=pointer.digest,
            revision=pointer.revision,
            version=pointer.version,
            contract=model.program.takes,
            outcome=model.outcome,
            label=model.label,
            durability=self._durability,
        )
        scorer = Scorer(model.program)
        if model.parity is not None:
            scorer.table(model.parity.table)
        return Answerer(self._with(served, serving), scorer, self._recent[name])

    def _with(self, served: Served, serving: Serving) -> Served:
        return replace(served, without=self._without | frozenset(serving.without), labels=serving.labels)

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self.look()

    def _say(self, error: Exception) -> None:
        """Once, not four times a second."""
        if self._said != str(error):
            self._said = str(error)
            sys.stderr.write(f"serve: keeping what is served: {error}\n")
