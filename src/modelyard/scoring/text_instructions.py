"""The words that read text and write numbers, part of the instruction set and its format (`scoring/instructions.py`).

They read inputs only, so they run before all others (`scoring/text.py`), and the interpreters meet numbers alone.
"""

from __future__ import annotations

from typing import Literal

from modelyard.scoring.instructions import Floats, ReadsOne

Pieces = Literal["word", "char", "char_wb"]
Cut = Literal["value", "word", "char", "char_wb"]
Norm = Literal["l1", "l2", "none"]
Test = Literal["equals", "contains", "starts_with"]
Trait = Literal["characters", "words", "longest_word", "letters", "capitals", "digits", "punctuation", "spaces"]


class TextTfidf(ReadsOne, frozen=True, kw_only=True, tag="text_tfidf", eq=False):
    """How often each n-gram of the vocabulary stands in the text x, weighted: one register per n-gram.

    Cut into pieces as `scoring/text.py` says, counted; `sublinear`: log(count) + 1; times idf[j] (none where `idf` is
    empty); then divided by the length of the row: `l2` sqrt of the sum of squares, `l1` the sum, added in the
    vocabulary's order. Nothing found, or a null: zeros."""

    vocabulary: tuple[str, ...]
    idf: Floats
    pieces: Pieces = "word"
    shortest: int = 1
    longest: int = 1
    """n of the n-grams, from `shortest` to `longest`."""
    lower: bool = True
    sublinear: bool = False
    norm: Norm = "l2"

    @property
    def width(self) -> int:
        return len(self.vocabulary)


class TextHash(ReadsOne, frozen=True, kw_only=True, tag="text_hash", eq=False):
    """The pieces of the text x counted in `slots` registers: piece p adds 1 to slot |h| mod slots, or −1 where h < 0
    and `signed`; h is MurmurHash3 (x86, 32 bits, seed 0, signed) of p in UTF-8. Then divided as by TextTfidf.
    `value`: the whole text, as it is, is the one piece. A null: zeros."""

    slots: int
    pieces: Cut = "value"
    shortest: int = 1
    longest: int = 1
    lower: bool = True
    signed: bool = True
    norm: Norm = "none"

    @property
    def width(self) -> int:
        return self.slots


class TextTraits(ReadsOne, frozen=True, kw_only=True, tag="text_traits", eq=False):
    """Sizes of the text x and shares of its characters, one register per trait; NaN for a null.

    `characters`: code points. `words`: runs without white space; `longest_word`: the characters of the longest. The
    others are shares of the characters, 0 where there is none: `letters` str.isalpha, `capitals` category Lu, `digits`
    category Nd, `punctuation` categories P…, `spaces` str.isspace."""

    traits: tuple[Trait, ...]

    @property
    def width(self) -> int:
        return len(self.traits)


class TextMatch(ReadsOne, frozen=True, kw_only=True, tag="text_match", eq=False):
    """1 where the text x is, contains or starts with `sought`, to the code point, else 0; NaN for a null. `lower`: of
    the text lowered first."""

    how: Test
    sought: str
    lower: bool = False


TextInstruction = TextTfidf | TextHash | TextTraits | TextMatch
