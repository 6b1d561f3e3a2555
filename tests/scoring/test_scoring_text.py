"""Words over text: scikit-learn's own numbers to the bit, the same in both interpreters, alone and in a batch."""

from __future__ import annotations

import math
import os
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.utils import murmurhash3_32

from modelyard.errors.scoring import MalformedProgram
from modelyard.rows.table import Table, Vector
from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import Outcome
from modelyard.scoring import engine, native
from modelyard.scoring.bounds import allowance
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.cost import cost
from modelyard.scoring.engine import Scorer, execute
from modelyard.scoring.instructions import Arith, Fill, Instruction, Linear, reals, wholes
from modelyard.scoring.interpreter import interpret
from modelyard.scoring.murmur import murmur3
from modelyard.scoring.prune import prune
from modelyard.scoring.text import TRAITS, fill_columns, reader
from modelyard.scoring.text import pieces as cut_of
from modelyard.scoring.text_columns import columns_of
from modelyard.scoring.text_instructions import Test, TextHash, TextMatch, TextTfidf, TextTraits
from modelyard.scoring.verify import verify
from texts import many, texts

EXAMPLES = int(os.environ.get("MODELYARD_EXAMPLES", "150"))
GRAMS = {"word": [(1, 1), (1, 2), (2, 3)], "char": [(1, 1), (2, 4), (5, 6)], "char_wb": [(1, 2), (3, 3), (4, 6)]}
CUTS = [(pieces, ngrams) for pieces, several in GRAMS.items() for ngrams in several]
WEIGHTS: list[dict[str, Any]] = [
    {},
    {"sublinear_tf": True, "norm": "l1", "lowercase": False},
    {"use_idf": False, "norm": None, "max_df": 0.5},
    {"smooth_idf": False, "norm": None, "sublinear_tf": True},
]


def column(values: list[str | None]) -> Any:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def filled(word: Any, values: list[str | None]) -> Any:
    return np.column_stack(fill_columns(reader(word), values, word.width))


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
@pytest.mark.parametrize(("pieces", "ngrams"), CUTS)
def test_weights_are_those_of_scikit_learn_to_the_bit(
    pieces: Any, ngrams: tuple[int, int], weights: dict[str, Any]
) -> None:
    fitted = TfidfVectorizer(analyzer=pieces, ngram_range=ngrams, min_df=2, max_features=60, **weights).fit(many(500))
    word = TextTfidf(
        x=0, vocabulary=tuple(fitted.get_feature_names_out()), idf=reals(getattr(fitted, "idf_", [])), pieces=pieces,
        shortest=ngrams[0], longest=ngrams[1], lower=fitted.lowercase, sublinear=fitted.sublinear_tf,
        norm=fitted.norm or "none",
    )  # fmt: skip
    new = many(900, seed=1)
    theirs = _bits(fitted.transform(new).toarray())
    np.testing.assert_array_equal(_bits(filled(word, list(new))), theirs)
    np.testing.assert_array_equal(_bits(columns_of(word)(new).T), theirs)


@pytest.mark.parametrize(("norm", "signed", "lower"), [(None, True, True), ("l2", False, False), ("l1", True, True)])
@pytest.mark.parametrize(("pieces", "ngrams"), CUTS)
def test_hashed_counts_are_those_of_scikit_learn_to_the_bit(
    pieces: Any, ngrams: tuple[int, int], norm: Any, signed: bool, lower: bool
) -> None:
    oracle = HashingVectorizer(
        analyzer=pieces, ngram_range=ngrams, n_features=37, norm=norm, alternate_sign=signed, lowercase=lower
    )
    word = TextHash(
        x=0, slots=37, pieces=pieces, shortest=ngrams[0], longest=ngrams[1], lower=lower, signed=signed,
        norm=norm or "none",
    )  # fmt: skip
    new = many(900, seed=1)
    np.testing.assert_array_equal(filled(word, list(new)), oracle.transform(new).toarray())


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.lists(texts, min_size=1, max_size=12), st.sampled_from(CUTS), st.booleans())
def test_any_text_is_cut_as_scikit_learn_cuts_it(given_: list[str | None], cut: Any, lower: bool) -> None:
    pieces, ngrams = cut
    oracle = HashingVectorizer(analyzer=pieces, ngram_range=ngrams, n_features=1 << 20, norm=None, lowercase=lower)
    ours = reader(TextHash(x=0, slots=1 << 20, pieces=pieces, shortest=ngrams[0], longest=ngrams[1], lower=lower))
    for text in given_:
        row = oracle.transform([text or ""]).tocsr()
        theirs = dict(zip(row.indices.tolist(), row.data.tolist(), strict=True))
        assert {at: value for at, value in ours(text).items() if value} == {at: v for at, v in theirs.items() if v}


ASCII = "".join(map(chr, range(128))) + "  \t\n\x1c\x1f__09azAZ" * 4


@st.composite
def weighted(draw: Any) -> tuple[TextTfidf, list[str | None]]:
    """Texts, ASCII and others, and a word whose vocabulary stands in some of them, lowered or not."""
    pieces, (shortest, longest) = draw(st.sampled_from(CUTS))
    values = draw(st.lists(st.one_of(st.text(alphabet=ASCII, max_size=40), texts), min_size=1, max_size=8))
    lower = draw(st.booleans())
    there = {piece for text in values if text for piece in cut_of(text, pieces, shortest, longest)}
    there |= {piece.lower() for piece in there} | {"", "late", "fog"}
    vocabulary = draw(st.lists(st.sampled_from(sorted(there)), min_size=1, max_size=30, unique=True))
    idf = draw(st.one_of(st.just([]), st.just(np.linspace(-1, 3, len(vocabulary)))))
    return TextTfidf(
        x=0, vocabulary=tuple(vocabulary), idf=reals(idf), pieces=pieces, shortest=shortest, longest=longest,
        lower=lower, sublinear=draw(st.booleans()), norm=draw(st.sampled_from(["l1", "l2", "none"])),
    ), values  # fmt: skip


@settings(deadline=None, max_examples=2 * EXAMPLES)
@given(weighted())
def test_the_native_part_counts_as_python_does_to_the_bit(case: tuple[TextTfidf, list[str | None]]) -> None:
    word, values = case
    np.testing.assert_array_equal(_bits(columns_of(word)(values).T), _bits(filled(word, values)))


def test_what_the_native_part_is_given_is_checked() -> None:
    built = pytest.importorskip("modelyard.scoring._text", reason="no native part was built")
    made = built.Terms(("late", "été"), b"", 0, 1, 1, True, False, 0)
    out = np.zeros((2, 4))
    assert made.fill(["late Late!", "été", None, 3.5], out) == [1], "what is not ASCII is left, what is no text is null"
    assert out.tolist() == [[2.0, 0.0, 0.0, 0.0], [0.0] * 4]
    with pytest.raises(ValueError, match="width × rows"):
        made.fill(["late"], out)
    for wrong in ((("a",), b"1", 0, 1, 1, True, False, 0), (("a",), b"", 0, 0, 1, True, False, 0)):
        with pytest.raises(ValueError, match="from 1 on, and a weight for each"):
            built.Terms(*wrong)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=40), st.integers(0, 2**32 - 1))
def test_the_hash_is_murmur3(data: bytes, seed: int) -> None:
    assert murmur3(data, seed) == murmurhash3_32(data, seed=seed)


SOUGHT = ("", "a", "late", "é")


@st.composite
def programs(draw: Any) -> tuple[list[Instruction], int]:
    """Three inputs: a number and two texts. Words over text and over numbers in any order."""
    words: list[Instruction] = [TextTraits(x=2, traits=("words",), into=3)]
    numbers, registers = [0, 3], 4
    for _ in range(draw(st.integers(1, 6))):
        x = draw(st.sampled_from([1, 2]))
        pieces, (shortest, longest) = draw(st.sampled_from(CUTS))
        norm = draw(st.sampled_from(["l1", "l2", "none"]))
        a, b = draw(st.sampled_from(numbers)), draw(st.sampled_from(numbers))
        vocabulary = ("late", "fog", " l", "a", "te", "x9", "e\u0301")
        word: Any = draw(
            st.sampled_from(
                [
                    TextTfidf(
                        x=x, vocabulary=vocabulary, idf=reals(np.arange(7) / 3 + 1), pieces=pieces, shortest=shortest,
                        longest=longest, norm=norm, sublinear=draw(st.booleans()),
                    ),
                    TextHash(x=x, slots=5, pieces=draw(st.sampled_from([pieces, "value"])), longest=longest, norm=norm),
                    TextTraits(x=x, traits=tuple(TRAITS)),
                    TextMatch(x=x, how=draw(st.sampled_from(get_args(Test))), sought=draw(st.sampled_from(SOUGHT)),
                              lower=draw(st.booleans())),
                    Arith(f="add", a=a, b=b),
                    Fill(x=a, value=0.5),
                    Linear(xs=wholes(numbers), weights=reals(np.ones((1, len(numbers)))), bias=reals([0.25])),
                ]
            )
        )  # fmt: skip
        words.append(replace(word, into=registers))
        numbers += range(registers, registers + word.width)
        registers += word.width
    return words, registers


@settings(deadline=None, max_examples=EXAMPLES)
@given(programs(), st.lists(texts, min_size=1, max_size=9), st.booleans())
def test_both_interpreters_give_one_answer_alone_and_in_a_batch(
    case: tuple[Any, int], words: list[str | None], kernel: bool
) -> None:
    instructions, registers = case
    n = len(words)
    inputs = [np.linspace(-1, 1, n), column(words), column(words[::-1])]
    wanted = [0, *range(3, registers)]
    reference = interpret(instructions, inputs, registers, n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "available", lambda: kernel and native._built() is not None)
        patch.setattr(engine, "BLOCK", 4)  # several blocks even of few rows
        made = execute(instructions, inputs, registers, wanted, n)
        row = engine._made_ready(instructions, 3, registers, wanted)[1]
        alone = [
            row([float(inputs[0][at]), *(float("nan") if w is None else w for w in (words[at], words[n - 1 - at]))])
            for at in range(n)
        ]
    for place, register in enumerate(wanted):
        np.testing.assert_array_equal(_bits(made[place]), _bits(reference[register]))
        np.testing.assert_array_equal(_bits(np.array([answers[place] for answers in alone])), _bits(made[place]))


def _bits(values: Any) -> Any:
    same = np.where(np.isnan(values), np.nan, values)
    return np.ascontiguousarray(same, dtype=np.float64).view(np.int64)


def program() -> Any:
    builder = ProgramBuilder(
        Contract((Field(name="x", kind="number"), Field(name="note", kind="text"), Field(name="other", kind="text")))
    )
    builder.add(TextTraits(x=2, traits=("words",)))
    first = builder.add(TextTfidf(x=1, vocabulary=("fog", "late"), idf=reals([2.0, 1.5]), sublinear=True))
    weights = reals([[0.5, 1.0, -1.0]])
    builder.score([builder.add(Linear(xs=wholes([0, first, first + 1]), weights=weights, bias=reals([0.0])))])
    return builder.finish(Outcome(task="regression"))


def test_a_text_that_no_answer_reads_is_not_asked_for() -> None:
    pruned = prune(program())
    assert pruned.takes.names == ("x", "note")
    answers = Scorer(pruned).answers([np.array([1.0, np.nan]), column(["Late fog", None])], 2)
    l2 = np.hypot(2.0, 1.5)
    assert answers[0][0] == pytest.approx(0.5 + 2.0 / l2 - 1.5 / l2)
    assert cost(pruned) > 5_000


def test_numbers_of_a_text_are_exact_but_for_the_logarithm() -> None:
    whole, words = program(), list(many(50))
    inputs = [np.zeros(50), column(words), column(words)]
    assert whole.equality == "blas"
    assert (allowance(whole, inputs, 50).scores < 1e-14).all()
    exact = TextTfidf(x=1, vocabulary=("fog",), idf=reals([2.0]))
    builder = ProgramBuilder(whole.takes)
    builder.score([builder.add(exact)])
    assert builder.finish(Outcome(task="regression")).equality == "exact"


GOOD = TextTfidf(x=1, vocabulary=("fog", "late"), idf=reals([2.0, 1.5]), into=2)


@settings(deadline=None, max_examples=EXAMPLES)
@given(texts, st.sampled_from(get_args(Test)), st.sampled_from(SOUGHT), st.booleans())
def test_a_match_is_what_polars_finds(text: str | None, test: Test, sought: str, lower: bool) -> None:
    word = TextMatch(x=0, how=test, sought=sought, lower=lower)
    found = reader(word)(text).get(0, 0.0)
    column = pl.Series([text], dtype=pl.String)
    seen = column.str.to_lowercase() if lower else column
    tests = {
        "equals": seen == sought,
        "contains": seen.str.contains(sought, literal=True),
        "starts_with": seen.str.starts_with(sought),
    }
    theirs = tests[test][0]
    assert (math.isnan(found) and theirs is None) or found == float(theirs)


def test_a_match_survives_pruning() -> None:
    builder = ProgramBuilder(Contract((Field(name="x", kind="number"), Field(name="note", kind="text"))))
    builder.add(Fill(x=0, value=0.0))
    builder.score([builder.add(TextMatch(x=1, how="contains", sought="fog"))])
    pruned = prune(builder.finish(Outcome(task="regression")))
    rows = Table({"x": Vector("number", np.zeros(2)), "note": Vector("text", column(["fog!", "sun"]))}, 2)
    assert Scorer(pruned).table(rows).scores.tolist() == [[1.0], [0.0]]


BAD: list[Any] = [
    TextTfidf(x=1, vocabulary=(), idf=reals([]), into=2),
    TextTfidf(x=1, vocabulary=("a", "a"), idf=reals([]), into=2),
    TextTfidf(x=1, vocabulary=("a",), idf=reals([np.nan]), into=2),
    TextTfidf(x=1, vocabulary=("a",), idf=reals([1.0, 2.0]), into=2),
    TextTfidf(x=1, vocabulary=tuple(map(str, range(10_001))), idf=reals([]), into=2),
    TextHash(x=1, slots=10_001, into=2),
    TextHash(x=1, slots=3, pieces="char", shortest=3, longest=2, into=2),
    TextHash(x=1, slots=3, pieces="char", longest=11, into=2),
    TextTraits(x=1, traits=(), into=2),
]


@pytest.mark.parametrize("word", BAD, ids=str)
def test_a_word_over_text_that_is_too_large_or_makes_no_sense_is_refused(word: Any) -> None:
    with pytest.raises(MalformedProgram):
        verify([word], 2, 2 + word.width, [2])


def test_text_is_read_by_words_over_text_only_and_from_inputs_only() -> None:
    number = Fill(x=1, value=0.0, into=4)
    made = TextHash(x=2, slots=1, into=4)
    for words, wanted in (([GOOD, number], [4]), ([GOOD, made], [4]), ([GOOD], [1])):
        with pytest.raises(MalformedProgram):
            verify(words, 2, 2 + sum(word.width for word in words), wanted)
    builder = ProgramBuilder(Contract((Field(name="x", kind="number"),)))
    builder.score([builder.add(TextTraits(x=0, traits=("words",)))])
    with pytest.raises(MalformedProgram, match="another column"):
        Scorer(builder.finish(Outcome(task="regression")))


def test_a_scorer_reads_texts_from_a_table() -> None:
    pruned = prune(program())
    rows = Table({"x": Vector("number", np.zeros(2)), "note": Vector("text", column(["fog", None]))}, 2)
    assert Scorer(pruned).table(rows).scores.tolist() == [[1.0], [0.0]]
