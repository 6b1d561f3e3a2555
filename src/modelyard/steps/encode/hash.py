"""Many categories, or the pieces of a text, hashed into a fixed number of columns.

Why: ten thousand categories one by one are ten thousand columns. Two that meet in a slot cannot be told apart there;
the sign, which is hashed too, keeps what meets from adding up on average. Nothing is learned from rows.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from modelyard.rows.table import Floats, Table
from modelyard.schema.column import Column
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Arith, Map, OneHot, reals
from modelyard.scoring.text import slot_of
from modelyard.scoring.text_instructions import Cut, Norm, TextHash
from modelyard.step.columns import named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number
from modelyard.step.texts import Ngrams, checked, documents, not_text

WHO = "encode.hash"
MOST = 4_096


class Codes(Struct, frozen=True, kw_only=True):
    """A category column: the slot of every code, past all slots where its sign is −1."""

    column: str
    slots: tuple[int, ...]


class Hashed(Learned, frozen=True, kw_only=True, tag="encode.hash"):
    """What `Hash` writes down."""

    texts: tuple[str, ...]
    categories: tuple[Codes, ...]
    slots: int
    analyzer: Cut
    ngrams: Ngrams
    lower: bool
    signed: bool
    norm: Norm

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=f, kind="number", nullable=False) for n in self.removes for f in self._names(n))

    @property
    def removes(self) -> tuple[str, ...]:
        return (*self.texts, *(one.column for one in self.categories))

    def _names(self, column: str) -> list[str]:
        return names_of(column, self.slots)

    def emit(self, program: ProgramBuilder) -> None:
        for name in self.texts:
            self._bind(program, name, self._text(program, name))
        for one in self.categories:
            self._bind(program, one.column, self._category(program, one))

    def _bind(self, program: ProgramBuilder, column: str, registers: list[int]) -> None:
        for name, register in zip(self._names(column), registers, strict=True):
            program.bind(name, register)

    def _text(self, program: ProgramBuilder, column: str) -> list[int]:
        word = TextHash(
            x=program.register(column),
            slots=self.slots,
            pieces=self.analyzer,
            shortest=self.ngrams[0],
            longest=self.ngrams[1],
            lower=self.lower,
            signed=self.signed,
            norm=self.norm,
        )
        first = program.add(word)
        return list(range(first, first + self.slots))

    def _category(self, program: ProgramBuilder, one: Codes) -> list[int]:
        """One value has one slot, so its length is 1 whatever the norm."""
        slot = program.add(Map(x=program.register(one.column), table=reals(one.slots), missing=-1.0, unseen=-1.0))
        first = program.add(OneHot(x=slot, slots=self.slots * (2 if self.signed else 1)))
        plus = range(first, first + self.slots)
        if not self.signed:
            return list(plus)
        return [program.add(Arith(f="sub", a=register, b=register + self.slots)) for register in plus]


class Hash(Learns, frozen=True, kw_only=True, tag="encode.hash"):
    """Columns `tailnum_hash0` … of which a category has one at 1 or −1, all others 0: its MurmurHash3 says which. The
    numbers are scikit-learn's FeatureHasher's, for the pieces of a text HashingVectorizer's. A null is all zeros.

    A category that training never saw is all zeros as well: a program knows its codes only. Read the column as text
    (`types: {tailnum: text}`) and every new value is hashed like the others.

    Right: thousands of categories (postcodes, tail numbers, user agents) before a linear model or trees, `slots` about
    as many as there are that matter. Wrong: for few categories (encode.one_hot can be read, and nothing meets), or to
    keep values secret: whoever guesses one can hash it.

    >>> from modelyard.rows.table import table
    >>> from modelyard.step.chain import replay
    >>> rows = table(plane=["N1", "N2", None])
    >>> made = replay(Hash(slots=4).learn(Batch(rows), Context()).learned, rows)
    >>> [made[f"plane_hash{slot}"].tolist() for slot in range(4)]
    [[-1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """

    columns: Annotated[Columns, Meta(description="Which categories or texts to hash.")] = "category"
    slots: Annotated[int, Meta(ge=1, le=MOST, description="Columns that each becomes.")] = 32
    analyzer: Annotated[
        Cut, Meta(description="The whole value; or of texts, as in encode.text_tfidf: word, char, char_wb.")
    ] = "value"
    ngrams: Annotated[Ngrams, Meta(description="Shortest and longest n.")] = (1, 1)
    lower: Annotated[bool, Meta(description="Lower all letters first (not of whole values).")] = True
    signed: Annotated[bool, Meta(description="A hashed sign, so that what meets does not add up.")] = True
    norm: Annotated[Norm, Meta(description="What is 1 in each row: sum of squares, sum, or nothing.")] = "none"

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = self._chosen(given, ctx)
        return given.without(names).with_(*self._slots(names))

    def _slots(self, names: tuple[str, ...]) -> list[Column]:
        """Of whole values −1, 0 and 1; counts of pieces want a scale."""
        scaled = self.analyzer == "value" or self.norm != "none"
        return [number(made, zero_one=scaled) for name in names for made in names_of(name, self.slots)]

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = self._chosen(batch.X.schema, ctx)
        vectors = {name: batch.X.vector(name) for name in names}
        texts = tuple(name for name, vector in vectors.items() if vector.kind == "text")
        learned = Hashed(
            texts=texts,
            categories=tuple(
                Codes(column=name, slots=tuple(map(self._slot, vector.categories)))
                for name, vector in vectors.items()
                if vector.kind == "category"
            ),
            slots=self.slots,
            analyzer=self.analyzer,
            ngrams=self.ngrams,
            lower=self.lower,
            signed=self.signed,
            norm=self.norm,
        )
        return Fitted(learned, lambda table: np.hstack([self._oracle(table, name) for name in learned.removes]))

    def _chosen(self, given: Schema, ctx: Context) -> tuple[str, ...]:
        checked(self.ngrams, WHO)
        names = named(self.columns, given, ctx, ("category", "text"), WHO)
        for name in names:
            if self.analyzer != "value" and given[name].kind != "text":
                raise not_text(name, given[name].kind, WHO)
        return names

    def _slot(self, value: str) -> int:
        slot, sign = slot_of(value, self.slots)
        return slot + self.slots if self.signed and sign < 0 else slot

    def _oracle(self, table: Table, name: str) -> Floats:
        from sklearn.feature_extraction import FeatureHasher
        from sklearn.feature_extraction.text import HashingVectorizer

        if self.analyzer == "value":
            hasher = FeatureHasher(self.slots, input_type="string", alternate_sign=self.signed)
            return hasher.transform(_values(table, name)).toarray()
        vectorizer = HashingVectorizer(
            analyzer=self.analyzer,
            ngram_range=self.ngrams,
            lowercase=self.lower,
            n_features=self.slots,
            alternate_sign=self.signed,
            norm=None if self.norm == "none" else self.norm,
        )
        return vectorizer.transform(documents(table, name)).toarray()


def names_of(column: str, slots: int) -> list[str]:
    return [f"{column}_hash{slot}" for slot in range(slots)]


def _values(table: Table, name: str) -> list[list[str]]:
    """The one value of each row, or none."""
    vector = table.vector(name)
    if vector.kind == "text":
        return [[] if text is None else [text] for text in vector.values.tolist()]
    return [[vector.categories[int(code)]] if code >= 0 else [] for code in vector.values.tolist()]
