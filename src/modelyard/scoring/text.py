"""What the words over text mean, in plain Python: the definition, to which the native part (`_text.c`) is held.

How a text is cut is a stated rule and no pattern of a user's, so no request can make it hang: every piece is found in
one pass. `word`: runs of two or more word characters, n of them joined by a blank; `char`: any n characters; `char_wb`:
n characters of a blank-separated word with a blank at either end. In both, a run of two or more white spaces is one
blank. These are scikit-learn's rules (its default token pattern), and so are the numbers.

Which characters are letters, and how they are lowered, is Unicode's and comes with the Python that runs.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from unicodedata import category

import numpy as np

from modelyard.scoring.instructions import Floats
from modelyard.scoring.murmur import murmur3
from modelyard.scoring.text_instructions import (
    Norm,
    Test,
    TextHash,
    TextInstruction,
    TextMatch,
    TextTfidf,
    TextTraits,
    Trait,
)

Sparse = Mapping[int, float]
"""Place -> number, in ascending places; 0 everywhere else."""
Read = Callable[[str | None], Sparse]

TOKEN = re.compile(r"(?u)\b\w\w+\b")
SPACES = re.compile(r"\s\s+")
MOST_KEPT = 1 << 16
"""Pieces whose hash a reader remembers."""


def reader(word: TextInstruction) -> Read:
    """The word made ready once, to be asked per row."""
    if isinstance(word, TextTfidf):
        return _tfidf(word)
    if isinstance(word, TextMatch):
        return _match(word)
    return _hash(word) if isinstance(word, TextHash) else _traits(word)


def fill_columns(read: Read, texts: Sequence[str | None], width: int) -> list[Floats]:
    """One column per register of the word, of as many rows as there are texts."""
    out = np.zeros((width, len(texts)))
    for row, text in enumerate(texts):
        for place, value in read(text).items():
            out[place, row] = value
    return list(out)


def pieces(text: str, kind: str, shortest: int, longest: int) -> list[str]:
    """
    >>> pieces("Flight UA 7 is late", "word", 1, 2)
    ['Flight', 'UA', 'is', 'late', 'Flight UA', 'UA is', 'is late']
    >>> pieces("a  bc", "char", 3, 3), pieces("a  bc", "char_wb", 3, 4)
    (['a b', ' bc'], [' a ', ' bc', 'bc ', ' bc '])
    """
    if kind == "value":
        return [text]
    if kind == "word":
        return _runs(TOKEN.findall(text), shortest, longest)
    if kind == "char":
        return _slices(SPACES.sub(" ", text), shortest, longest)
    return [piece for word in text.split() for piece in _padded(f" {word} ", shortest, longest)]


def _runs(tokens: list[str], shortest: int, longest: int) -> list[str]:
    if longest == 1:
        return tokens
    out = tokens[:] if shortest == 1 else []
    for n in range(max(shortest, 2), min(longest, len(tokens)) + 1):
        out += [" ".join(tokens[start : start + n]) for start in range(len(tokens) - n + 1)]
    return out


def _slices(text: str, shortest: int, longest: int) -> list[str]:
    ns = range(shortest, min(longest, len(text)) + 1)
    return [text[start : start + n] for n in ns for start in range(len(text) - n + 1)]


def _padded(word: str, shortest: int, longest: int) -> list[str]:
    """A word no longer than n is one piece, once."""
    if len(word) <= shortest:
        return [word]
    return _slices(word, shortest, longest)


def _tfidf(word: TextTfidf) -> Read:
    place = {piece: at for at, piece in enumerate(word.vocabulary)}.get
    idf, cut = word.idf.tolist(), _cutter(word)

    def read(text: str | None) -> Sparse:
        counts: dict[int, int] = {}
        for piece in cut(text):
            at = place(piece)
            if at is not None:
                counts[at] = counts.get(at, 0) + 1
        weights: dict[int, float] = {}
        for at in sorted(counts):
            weight = math.log(counts[at]) + 1.0 if word.sublinear else float(counts[at])
            weights[at] = weight * idf[at] if idf else weight
        return _normed(weights, word.norm)

    return read


def _hash(word: TextHash) -> Read:
    cut, signed = _cutter(word), word.signed
    slot = lru_cache(MOST_KEPT)(lambda piece: slot_of(piece, word.slots))

    def read(text: str | None) -> Sparse:
        found: dict[int, float] = {}
        for piece in cut(text):
            at, sign = slot(piece)
            found[at] = found.get(at, 0.0) + (sign if signed else 1.0)
        return _normed({at: found[at] for at in sorted(found)}, word.norm)

    return read


def _match(word: TextMatch) -> Read:
    sought = word.sought
    tests: dict[Test, Callable[[str], bool]] = {
        "equals": lambda text: text == sought,
        "contains": lambda text: sought in text,
        "starts_with": lambda text: text.startswith(sought),
    }
    test = tests[word.how]

    def read(text: str | None) -> Sparse:
        if text is None:
            return {0: math.nan}
        return {0: 1.0} if test(text.lower() if word.lower else text) else {}

    return read


def _cutter(word: TextTfidf | TextHash) -> Callable[[str | None], list[str]]:
    kind, shortest, longest = word.pieces, word.shortest, word.longest
    lower = word.lower and kind != "value"

    def cut(text: str | None) -> list[str]:
        if text is None:
            return []
        return pieces(text.lower() if lower else text, kind, shortest, longest)

    return cut


def slot_of(piece: str, slots: int) -> tuple[int, float]:
    """The column that a piece falls into, and its sign: scikit-learn's FeatureHasher says the same.

    >>> slot_of("AA", 8)
    (1, 1.0)
    """
    h = murmur3(piece.encode("utf-8", "surrogatepass"))
    return abs(h) % slots, 1.0 if h >= 0 else -1.0


def _normed(weights: dict[int, float], norm: Norm) -> Sparse:
    if norm == "none":
        return weights
    total = 0.0
    for weight in weights.values():
        total += weight * weight if norm == "l2" else abs(weight)
    size = math.sqrt(total) if norm == "l2" else total
    return {at: weight / size for at, weight in weights.items()} if size else weights


def _traits(word: TextTraits) -> Read:
    measures = [TRAITS[trait] for trait in word.traits]
    nothing = dict.fromkeys(range(len(measures)), math.nan)

    def read(text: str | None) -> Sparse:
        if text is None:
            return nothing
        seen = Counter(text)
        return {place: measure(text, seen) for place, measure in enumerate(measures)}

    return read


Measure = Callable[[str, Counter[str]], float]


def _share(test: Callable[[str], bool]) -> Measure:
    def share(text: str, seen: Counter[str]) -> float:
        return sum(count for character, count in seen.items() if test(character)) / len(text) if text else 0.0

    return share


TRAITS: Mapping[Trait, Measure] = {
    "characters": lambda text, seen: float(len(text)),
    "words": lambda text, seen: float(len(text.split())),
    "longest_word": lambda text, seen: float(max(map(len, text.split()), default=0)),
    "letters": _share(str.isalpha),
    "capitals": _share(lambda character: category(character) == "Lu"),
    "digits": _share(lambda character: category(character) == "Nd"),
    "punctuation": _share(lambda character: category(character)[0] == "P"),
    "spaces": _share(str.isspace),
}
