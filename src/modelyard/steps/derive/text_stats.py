"""How a text looks, in numbers: how long it is, and what it is made of. Nothing is learned from rows."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.text_instructions import TextTraits, Trait
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number
from modelyard.step.texts import texts_named

WHO = "derive.text_stats"
SPACE = r"[\s\x1c-\x1f]"
WORD = r"[^\s\x1c-\x1f]+"
"""White space as Python means it."""
ALL: tuple[Trait, ...] = (
    "characters", "words", "longest_word", "letters", "capitals", "digits", "punctuation", "spaces",
)  # fmt: skip


class Looks(Learned, frozen=True, kw_only=True, tag="derive.text_stats"):
    """What `TextStats` writes down: which numbers of which texts."""

    columns: tuple[str, ...]
    traits: tuple[Trait, ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=f"{name}_{trait}", kind="number") for name in self.columns for trait in self.traits)

    def emit(self, program: ProgramBuilder) -> None:
        for name in self.columns:
            first = program.add(TextTraits(x=program.register(name), traits=self.traits))
            for offset, trait in enumerate(self.traits):
                program.bind(f"{name}_{trait}", first + offset)


class TextStats(Learns, frozen=True, kw_only=True, tag="derive.text_stats"):
    """`note_characters`, `note_words` … beside the text, which stays for encode.text_tfidf. A null gives nulls.

    `characters`: Unicode code points. `words`: runs without white space; `longest_word`: characters of the longest.
    Shares of the characters, 0 in an empty text: `letters` (of any script), `capitals` (upper-case letters), `digits`
    (decimal ones), `punctuation` (Unicode's P categories: no `+`, `$` or `<`), `spaces` (white space).

    Right: shouting, codes and long complaints tell something of their own. Wrong: instead of the words where these
    matter, or after encode.text_tfidf, which takes the text away.

    >>> from modelyard.rows.table import Table, Vector
    >>> from modelyard.step.chain import replay
    >>> rows = Table({"note": Vector("text", np.array(["LATE again!", None], dtype=object))}, 2)
    >>> step = TextStats(traits=("words", "longest_word", "capitals"))
    >>> made = replay(step.learn(Batch(rows), Context()).learned, rows)
    >>> made["note_words"].tolist(), made["note_longest_word"].tolist(), made["note_capitals"].round(3).tolist()
    ([2.0, nan], [6.0, nan], [0.364, nan])
    """

    columns: Annotated[Columns, Meta(description="Which texts to measure.")] = "text"
    traits: Annotated[tuple[Trait, ...], Meta(min_length=1, description="Which numbers; see above.")] = ALL

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = texts_named(self.columns, given, ctx, WHO)
        return given.with_(*(number(f"{name}_{trait}", nullable=True) for name in names for trait in self.traits))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = texts_named(self.columns, batch.X.schema, ctx, WHO)
        learned = Looks(columns=names, traits=self.traits)
        return Fitted(learned, lambda table: np.hstack([_oracle(table, name, self.traits) for name in names]))


PATTERNS = {"letters": r"\p{L}", "capitals": r"\p{Lu}", "digits": r"\p{Nd}", "punctuation": r"\p{P}", "spaces": SPACE}


def _oracle(table: Table, name: str, traits: tuple[Trait, ...]) -> Floats:
    """polars counts, by the classes of its regular expressions."""
    import polars as pl

    text = pl.col("text")
    length = text.str.len_chars()
    words = text.str.extract_all(WORD)
    sizes = {
        "characters": length,
        "words": words.list.len(),
        "longest_word": words.list.eval(pl.element().str.len_chars()).list.max().fill_null(0),
    }
    made = pl.DataFrame({"text": pl.Series(table[name].tolist(), dtype=pl.String)}).select(
        pl.when(text.is_not_null())
        .then(sizes[trait] if trait in sizes else text.str.count_matches(PATTERNS[trait]) / length.clip(1))
        .cast(pl.Float64)
        .alias(trait)
        for trait in traits
    )
    return made.fill_null(np.nan).to_numpy()
