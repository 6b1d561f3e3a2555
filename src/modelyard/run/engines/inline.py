"""The engine of small jobs: everything in this process, fold by fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelyard.run.cache import Cache
from modelyard.run.data import Data
from modelyard.run.learn import Memory
from modelyard.run.work import FoldScores, Piece, Setting, perform


def work(pieces: Sequence[Piece], data: Data, setting: Setting, cache: Cache) -> Iterator[tuple[Piece, FoldScores]]:
    """Each piece with its scores. What candidates learned alike on one fold is learned once, then forgotten."""
    fold, memory = -1, Memory(cache)
    for piece in sorted(pieces, key=lambda one: one.fold):
        if piece.fold != fold:
            fold, memory = piece.fold, Memory(cache)
        yield piece, perform(piece, data, setting, memory)
