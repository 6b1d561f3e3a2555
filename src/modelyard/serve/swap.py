"""Which package each model serves: the pointer file, polled in a thread, loaded and proven before it is taken.

Only a greater revision is taken; whatever goes wrong on the way (unreadable pointer, bad signature, parity) leaves the
last good package serving and is counted and said. The swap itself is one assignment.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable

from modelyard.errors import ModelyardError
from modelyard.package.keys import Trust
from modelyard.package.load import load
from modelyard.scoring.engine import Scorer
from modelyard.serve.answer import Answerer, Served
from modelyard.serve.meters import Meters
from modelyard.serve.recent import Recent
from modelyard.store.place import Store
from modelyard.store.pointer import Pointer, read_pointer

POLL_SECONDS = 0.25


class Swapper:
    def __init__(
        self, store: Store, names: Iterable[str], durability: str = "fsync", without: Iterable[str] = ()
    ) -> None:
        self.models: dict[str, Answerer | None] = dict.fromkeys(names)
        self.meters: Meters | None = None
        self._store, self._durability, self._without = store, durability, frozenset(without)
        self._recent = {name: Recent() for name in self.models}
        self._failed: dict[str, Pointer] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="swap", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5.0)

    def look(self) -> None:
        """Read the pointer once and take what is newer. A package that failed is not tried again."""
        try:
            pointers = read_pointer(self._store.pointer)
        except ModelyardError as error:
            self._say(error)
            return
        for name, now in self.models.items():
            pointer = pointers.get(name)
            newer = pointer is not None and (now is None or pointer.revision > now.served.revision)
            if pointer is not None and newer and self._failed.get(name) != pointer:
                self._take(name, pointer)

    def _take(self, name: str, pointer: Pointer) -> None:
        try:
            self.models[name] = self._load(name, pointer)
            if self.meters is not None:
                self.meters.swaps += 1
        except (ModelyardError, OSError, ValueError, MemoryError) as error:
            self._failed[name] = pointer
            self._say(error)
            if self.meters is not None:
                self.meters.swap_failures += 1

    def _load(self, name: str, pointer: Pointer) -> Answerer:
        trust = Trust.read(self._store.trusted)
        model = load(self._store.package(pointer.digest), trust, digest=pointer.digest, name=name)
        served = Served(
            name=name,
            digest=pointer.digest,
            revision=pointer.revision,
            contract=model.program.takes,
            outcome=model.outcome,
            label=model.label,
            durability=self._durability,
            without=self._without,
        )
        scorer = Scorer(model.program)
        if model.parity is not None:
            scorer.table(model.parity.table)
        return Answerer(served, scorer, self._recent[name])

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self.look()

    @staticmethod
    def _say(error: Exception) -> None:
        sys.stderr.write(f"serve: keeping what is served: {error}\n")
