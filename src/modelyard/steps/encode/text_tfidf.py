"""Texts as weighted n-grams: how often each stands there, worth more the rarer it is among the training rows.

Why a vocabulary and not hashes: every column has a name that a person can read. Why at most 1,000 columns unless more
are asked for: a program's columns are dense, so each costs 8 bytes a row while learning and a step of every sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta, Struct

from modelyard.errors.data import NoRows
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import reals
from modelyard.scoring.text_instructions import Norm, Pieces
from modelyard.scoring.text_instructions import TextTfidf as TextTfidfWord
from modelyard.scoring.verify import MOST_TEXT_COLUMNS
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number
from modelyard.step.texts import Ngrams, checked, documents, texts_named

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

WHO = "encode.text_tfidf"


class Terms(Struct, frozen=True, kw_only=True, eq=False):
    """The n-grams of one column, in the order of its numbers, and what each is worth (nothing: all the same)."""

    column: str
    vocabulary: tuple[str, ...]
    idf: Floats

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.column}={term}" for term in self.vocabulary)


class Weighted(Learned, frozen=True, kw_only=True, tag="encode.text_tfidf", eq=False):
    """What `TextTfidf` learned. `texts`: all columns that go, those without a term too."""

    texts: tuple[str, ...]
    columns: tuple[Terms, ...]
    analyzer: Pieces
    ngrams: Ngrams
    lower: bool
    sublinear: bool
    norm: Norm

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=name, kind="number", nullable=False) for one in self.columns for name in one.names)

    @property
    def removes(self) -> tuple[str, ...]:
        return self.texts

    def emit(self, program: ProgramBuilder) -> None:
        for one in self.columns:
            word = TextTfidfWord(
                x=program.register(one.column),
                vocabulary=one.vocabulary,
                idf=one.idf,
                pieces=self.analyzer,
                shortest=self.ngrams[0],
                longest=self.ngrams[1],
                lower=self.lower,
                sublinear=self.sublinear,
                norm=self.norm,
            )
            first = program.add(word)
            for offset, name in enumerate(one.names):
                program.bind(name, first + offset)


class TextTfidf(Learns, frozen=True, kw_only=True, tag="encode.text_tfidf"):
    """Texts as columns `note=late`, `note=late fog`: how often each n-gram stands there (tf), times how rare it is
    among the training rows (idf), each row then of length 1. The numbers are scikit-learn's TfidfVectorizer's, whose
    words they are: a token is two or more letters, digits or underscores. A null is an empty text. A text without
    any known n-gram gives zeros; a column in which training rows had none gives no columns.

    Right: remarks, titles, messages, before a linear model; `analyzer: char_wb, ngrams: [2, 4]` where words are
    misspelt or glued together. Wrong: for a code or a name that is one whole (encode.one_hot, encode.hash), or with
    thousands of columns before trees, which look at each.

    >>> import numpy as np
    >>> from modelyard.rows.table import Table, Vector
    >>> notes = np.array(["late fog", "late", None], dtype=object)
    >>> fitted = TextTfidf(min_df=1).learn(Batch(Table({"note": Vector("text", notes)}, 3)), Context())
    >>> [field.name for field in fitted.learned.writes]
    ['note=fog', 'note=late']
    """

    columns: Annotated[Columns, Meta(description="Which texts to encode.")] = "text"
    analyzer: Annotated[
        Pieces,
        Meta(description="n words; n characters; n characters within a word and the blanks around it."),
    ] = "word"
    ngrams: Annotated[Ngrams, Meta(description="Shortest and longest n.")] = (1, 1)
    lower: Annotated[bool, Meta(description="Lower all letters first.")] = True
    min_df: Annotated[
        int | float, Meta(description="Rows (a whole number) or share of rows that an n-gram stands in, at least.")
    ] = 2
    max_df: Annotated[int | float, Meta(description="The same, at most: drops words that stand everywhere.")] = 1.0
    max_features: Annotated[
        int, Meta(ge=1, le=MOST_TEXT_COLUMNS, description="Columns of one text: its commonest n-grams.")
    ] = 1000
    use_idf: Annotated[bool, Meta(description="Weigh by rarity.")] = True
    smooth_idf: Annotated[bool, Meta(description="As if one more row held every n-gram.")] = True
    sublinear: Annotated[bool, Meta(description="1 + log(count) in place of the count.")] = False
    norm: Annotated[Norm, Meta(description="What is 1 in each row: sum of squares, sum, or nothing.")] = "l2"

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = texts_named(self.columns, given, ctx, WHO)
        checked(self.ngrams, WHO)
        groups = (number(f"{name}=*", zero_one=self.norm != "none") for name in names)
        return given.without(names).with_(*groups)

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = texts_named(self.columns, batch.X.schema, ctx, WHO)
        if len(batch.X) == 0:
            raise NoRows("no rows to learn words from", who=WHO)
        fitted: dict[str, TfidfVectorizer] = {}
        for name in names:
            vectorizer = self._vectorizer()
            try:
                fitted[name] = vectorizer.fit(documents(batch.X, name))
            except ValueError as error:  # its words for "nothing is left", and for limits that make no sense
                if "vocabulary" not in str(error) and "no terms" not in str(error):
                    raise
        return Fitted(self._written(names, fitted), lambda table: _oracle(table, fitted))

    def _vectorizer(self) -> TfidfVectorizer:
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(
            analyzer=self.analyzer,
            ngram_range=checked(self.ngrams, WHO),
            lowercase=self.lower,
            min_df=self.min_df,
            max_df=self.max_df,
            max_features=self.max_features,
            use_idf=self.use_idf,
            smooth_idf=self.smooth_idf,
            sublinear_tf=self.sublinear,
            norm=None if self.norm == "none" else self.norm,
        )

    def _written(self, names: tuple[str, ...], fitted: dict[str, TfidfVectorizer]) -> Weighted:
        columns = (
            Terms(
                column=name,
                vocabulary=tuple(vectorizer.get_feature_names_out().tolist()),
                idf=reals(vectorizer.idf_ if self.use_idf else []),
            )
            for name, vectorizer in fitted.items()
        )
        return Weighted(
            texts=names,
            columns=tuple(columns),
            analyzer=self.analyzer,
            ngrams=self.ngrams,
            lower=self.lower,
            sublinear=self.sublinear,
            norm=self.norm,
        )


def _oracle(table: Table, fitted: dict[str, TfidfVectorizer]) -> Floats:
    made = [vectorizer.transform(documents(table, name)).toarray() for name, vectorizer in fitted.items()]
    return np.hstack([np.empty((len(table), 0)), *made])
