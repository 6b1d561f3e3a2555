"""A program is checked before it runs: the native kernel trusts every index, so none may come from a package unread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelyard.errors.scoring import MalformedProgram
from modelyard.scoring.forest import CATEGORY
from modelyard.scoring.instructions import Bins, Decide, Interp, Linear, Map, Nearest, OneHot, Softmax, Trees
from modelyard.scoring.text_instructions import TextHash, TextInstruction, TextMatch, TextTfidf, TextTraits
from modelyard.scoring.words import AnyInstruction

MOST_TEXT_COLUMNS = 10_000
"""Registers of one word over text: they are dense, 80 kB a row."""
LONGEST_GRAM = 10
MOST_REGISTERS = 1_000_000


def verify(instructions: Sequence[AnyInstruction], inputs: int, registers: int, wanted: Sequence[int]) -> None:
    """Raises MalformedProgram unless every register is written once, before it is read, and every index is inside."""
    if not 0 <= inputs <= registers <= MOST_REGISTERS:
        raise MalformedProgram(f"{registers} registers for {inputs} inputs")
    written = inputs
    texts = {word.x for word in instructions if isinstance(word, TextInstruction)}
    for place, word in enumerate(instructions):
        where = f"instructions[{place}]"
        _held(all(0 <= register < written for register in word.reads), "a register is read before it is written", where)
        _held(word.into == written and word.width >= 1, "registers are written one after the other, once", where)
        _held(isinstance(word, TextInstruction) or texts.isdisjoint(word.reads), "text is read as a number", where)
        _shapes(word, where)
        written += word.width
    _held(written == registers, f"{written} registers are written, {registers} declared", "registers")
    _held(all(0 <= register < written for register in wanted), "an answer is no register", "gives")
    _held(all(0 <= x < inputs for x in texts), "a text is no input", "instructions")
    _held(texts.isdisjoint(wanted), "an answer is text", "gives")


def _held(fine: bool, found: str, where: str) -> None:
    if not fine:
        raise MalformedProgram(found, where=where)


def _shapes(word: AnyInstruction, where: str) -> None:
    match word:
        case Bins():
            _held(_ascending(word.edges), "edges must ascend", where)
        case Interp():
            same = word.xs.ndim == 1 and word.xs.shape == word.ys.shape
            _held(same and len(word.xs) > 0 and _ascending(word.xs), "knots must be pairs that ascend", where)
        case Map():
            _held(word.table.ndim == 1, "a map's table has one axis", where)
        case OneHot():
            _held(0 < word.slots <= MOST_REGISTERS, f"{word.slots} slots", where)
        case Linear():
            _held(word.weights.shape == (len(word.bias), len(word.xs)), "weights do not fit inputs and bias", where)
        case Softmax() | Decide():
            _held(len(word.xs) > 0, "needs at least one input", where)
        case Trees():
            _trees(word, where)
        case Nearest():
            _donors(word, where)
        case TextTfidf() | TextHash() | TextTraits() | TextMatch():
            _text(word, where)
        case _:
            pass


def _text(word: TextInstruction, where: str) -> None:
    _held(0 < word.width <= MOST_TEXT_COLUMNS, f"{word.width} columns of one text", where)
    if isinstance(word, TextTraits | TextMatch):
        return
    _held(1 <= word.shortest <= word.longest <= LONGEST_GRAM, f"n-grams of {word.shortest} to {word.longest}", where)
    if isinstance(word, TextTfidf):
        weighted = word.idf.shape in ((0,), (word.width,)) and bool(np.isfinite(word.idf).all())
        _held(weighted, "one finite weight per n-gram, or none", where)
        _held(len(set(word.vocabulary)) == word.width, "an n-gram is in the vocabulary twice", where)


def _donors(word: Nearest, where: str) -> None:
    _held(word.donors.ndim == 2 and word.donors.shape[1] == len(word.xs) > 0, "donors do not fit the inputs", where)
    _held(word.fallback.shape == (len(word.xs),), "one fallback per input", where)
    _held(0 < word.count <= len(word.donors), f"{word.count} of {len(word.donors)} donors", where)
    _held(not np.isinf(word.donors).any(), "a donor is infinite", where)
    _held(bool(np.isfinite(word.fallback).all()), "a fallback is no number", where)


def _ascending(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bool:
    return values.ndim == 1 and not np.isnan(values).any() and bool((values[1:] >= values[:-1]).all())


def _trees(word: Trees, where: str) -> None:
    nodes = len(word.feature)
    arrays = (word.threshold, word.left, word.right, word.flags, word.bits_at, word.bits_words)
    _held(all(array.shape == (nodes,) for array in arrays), "node arrays differ in length", where)
    _held(word.leaves.ndim == 2 and word.leaves.shape[1] in (1, len(word.base)), "leaves do not fit the outputs", where)
    _held(word.outputs.shape == word.roots.shape == (len(word.roots),), "one output per tree", where)
    _held(_inside(word.outputs, len(word.base)) and _inside(word.roots, nodes), "a tree starts or adds outside", where)
    _held(bool(((word.feature >= -1) & (word.feature < len(word.xs))).all()), "a node tests no feature", where)
    leaf = word.feature < 0
    _held(_inside(word.left[leaf], len(word.leaves)), "a leaf has no value", where)
    number = np.flatnonzero(~leaf)
    for side in (word.left, word.right):
        # A child after its parent: then every walk ends.
        _held(bool(((side[number] > number) & (side[number] < nodes)).all()), "a child lies before its parent", where)
    # One parent each: laying trees out anew must not multiply what they share.
    entered = np.concatenate([word.roots, word.left[number], word.right[number]])
    _held(len(np.unique(entered)) == len(entered), "a node has two parents", where)
    sets = ~leaf & ((word.flags & CATEGORY) != 0)
    ends = word.bits_at[sets].astype(np.int64) + word.bits_words[sets]
    fine = (word.bits_at[sets] >= 0) & (word.bits_words[sets] >= 0) & (ends <= len(word.bits))
    _held(bool(fine.all()), "a category set lies outside its words", where)


def _inside(values: np.ndarray[tuple[int, ...], np.dtype[np.int32]], size: int) -> bool:
    return bool(((values >= 0) & (values < size)).all())
