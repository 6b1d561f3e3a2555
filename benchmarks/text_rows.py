"""Rows of text: tf-idf of the commonest 1,000 words, then logistic regression, against the same scikit-learn pipeline.

The texts are real prose: paragraphs of the docstrings of the standard library and of scikit-learn; the question is
which of the two a paragraph comes from. 10,000 rows and one row, each against a bare list of strings, in processor
time, median of 5 interleaved rounds. Both sides learned from the same texts. Aim: 3 times, and 30 for one row.
"""

from __future__ import annotations

import ast
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from pipelines.flights import different, np, seconds

from modelyard.rows.reading import RowReader
from modelyard.rows.table import Table, Vector
from modelyard.schema.contract import Contract
from modelyard.schema.target import Outcome
from modelyard.scoring.engine import Scorer
from modelyard.step.chain import compile_chain, replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.step.intake import learn_fields, take_in
from modelyard.steps.encode.text_tfidf import TextTfidf
from modelyard.steps.model.logistic_regression import LogisticRegression

TRAIN, ROWS, ONE_BY_ONE = 10_000, 10_000, 500
WORDS = 1_000
OUTCOME = Outcome(task="classification", classes=("other", "scikit-learn"), positive=1)


def docstrings(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # files that are wrong on purpose, for tests
        return
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    yield from (ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds))


def paragraphs(folder: Path) -> list[str]:
    """Of 40 letters and more, each once."""
    texts = (text for file in sorted(folder.rglob("*.py")) for text in docstrings(file))
    found = (part.strip() for text in texts for part in text.split("\n\n"))
    return list(dict.fromkeys(part for part in found if len(part) >= 40))


def samples() -> tuple[list[str], list[float]]:
    import sklearn

    one, other = paragraphs(Path(sklearn.__file__).parent), paragraphs(Path(sysconfig.get_path("stdlib")))
    both = [(text, 1.0) for text in one] + [(text, 0.0) for text in other if "site-packages" not in text]
    random.Random(0).shuffle(both)
    return [text for text, _ in both], [y for _, y in both]


def told(texts: list[str], y: list[float]) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression as Theirs
    from sklearn.pipeline import make_pipeline

    train, fresh = texts[:TRAIN], texts[TRAIN : TRAIN + ROWS]
    truth = np.array(y)
    contract = Contract(learn_fields(column(train), ("text",)))
    rows = take_in(column(train), contract)
    words = TextTfidf(max_features=WORDS).learn(Batch(rows, truth[:TRAIN]), Context()).learned
    model = LogisticRegression(balance=False).learn(Batch(replay(words, rows), truth[:TRAIN]), Context(outcome=OUTCOME))
    program = compile_chain(contract, [words, model.learned], OUTCOME)
    scorer, plain = Scorer(program), RowReader(program.takes).plain.read
    by_hand = make_pipeline(TfidfVectorizer(max_features=WORDS, min_df=2), Theirs(max_iter=1000)).fit(train, y[:TRAIN])

    table = take_in(column(fresh), program.takes)
    mine, other = seconds(lambda: scorer.table(table), lambda: by_hand.predict_proba(fresh))
    scores, theirs = scorer.table(table).scores, by_hand.predict_proba(fresh)
    right = float(np.mean((scores[:, 1] > 0.5) == truth[TRAIN : TRAIN + ROWS]))
    print(
        f"{len(fresh):,} texts of {np.mean([len(t.split()) for t in fresh]):.0f} words: {other / mine:.1f} times "
        f"scikit-learn ({len(fresh) / mine:,.0f} rows/s), {different(scores, theirs)}, {right:.0%} right"
    )
    some = [{"text": text} for text in fresh[:ONE_BY_ONE]]
    mine, other = seconds(
        lambda: [scorer.row(plain(row)[0]) for row in some],
        lambda: [by_hand.predict_proba([row["text"]]) for row in some],
    )
    alone, slow = mine / len(some) * 1e6, other / len(some) * 1e6
    print(f"one text: {slow / alone:.1f} times scikit-learn ({alone:.0f} µs against {slow:.0f} µs)")


def column(texts: list[str]) -> Table:
    return Table({"text": Vector("text", np.array(texts, dtype=object))}, len(texts))


if __name__ == "__main__":
    told(*samples())
