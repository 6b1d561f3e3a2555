"""scikit-learn's histogram gradient boosting: trees that each mend what those before them left wrong."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from modelyard.lowering.forest import Forest
from modelyard.lowering.hist_gradient import boosting_of, ranks
from modelyard.lowering.links import answer_classes, decide_raw, shares, two_sided
from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Map
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns
from modelyard.step.supervised import Supervised, features, supervised, two_classes

MOST_CATEGORIES = 255
WHO = "model.hist_gradient_boosting"


class HistGradientBoosting(Learns, frozen=True, kw_only=True, tag="model.hist_gradient_boosting"):
    """Boosted trees from scikit-learn. Takes gaps and categories as they are.

    Right: ten thousand rows and more, with gaps. Wrong: a few hundred rows: a linear model errs less there.

    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> x = np.arange(200.0)
    >>> batch = Batch(table(x=x.tolist()), np.where(x < 50, 1.0, 4.0))
    >>> fitted = HistGradientBoosting(trees=30).learn(batch, Context(outcome=Outcome(task="regression")))
    >>> fitted.oracle(table(x=[10.0, 90.0, None])).round(3).tolist()
    [[1.095], [3.968], [3.968]]
    """

    trees: Annotated[int, Meta(ge=1, le=10_000, description="Rounds of boosting.")] = 100
    learning_rate: Annotated[float, Meta(gt=0, le=1, description="Share of each tree that counts.")] = 0.1
    leaves: Annotated[int, Meta(ge=2, description="Most leaves of a tree.")] = 31
    leaf: Annotated[int, Meta(ge=1, description="Fewest rows in a leaf.")] = 20
    penalty: Annotated[float, Meta(ge=0, description="L2 penalty on leaf values.")] = 0.0
    balance: Annotated[bool, Meta(description="Weigh rows so that every class counts the same.")] = False

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        import sklearn

        rows = supervised(batch, ctx, WHO, codes=True)
        two_classes(rows, WHO)
        tables = tuple(
            tuple(ranks(rows.X[:, place], MOST_CATEGORIES).tolist()) if category else None
            for place, category in enumerate(rows.categories)
        )
        fitted = self._fitted(rows, _ranked(rows.X, tables), ctx.seed)

        def oracle(table: Table) -> Floats:
            X = _ranked(features(table, rows.columns), tables)
            return rows.widen(fitted.predict_proba(X) if rows.classification else fitted.predict(X))

        learned = Boosted(
            columns=rows.columns,
            tables=tables,
            forest=boosting_of(fitted, sklearn.__version__),
            classes=rows.classification,
            present=rows.present,
            count=rows.count,
        )
        return Fitted(learned, oracle=oracle)

    def _fitted(self, rows: Supervised, X: Floats, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        parameters: dict[str, Any] = {
            "max_iter": self.trees,
            "learning_rate": self.learning_rate,
            "max_leaf_nodes": self.leaves,
            "min_samples_leaf": self.leaf,
            "l2_regularization": self.penalty,
            "categorical_features": np.array(rows.categories),
            "early_stopping": False,
            "random_state": seed,
        }
        if not rows.classification:
            return HistGradientBoostingRegressor(**parameters).fit(X, rows.y, sample_weight=rows.weight)
        weight = "balanced" if self.balance else None
        model = HistGradientBoostingClassifier(**parameters, class_weight=weight)
        return model.fit(X, rows.targets, sample_weight=rows.weight)


Tables = tuple[tuple[float, ...] | None, ...]
"""Per column: None for a number, else the rank of each category code (NaN: one of the rare)."""


def _ranked(X: Floats, tables: Tables) -> Floats:
    """Category codes as the library takes them: ranks, NaN for those it shall not tell apart."""
    ranked = X.copy()
    for place, table in enumerate(tables):
        if table is not None:
            codes = X[:, place]
            known = (codes >= 0) & (codes < len(table))
            looked = np.array([*table, np.nan])[np.where(known, codes, len(table)).astype(np.intp)]
            ranked[:, place] = looked
    return ranked


class Boosted(Learned, frozen=True, kw_only=True, tag="model.hist_gradient_boosting", eq=False):
    columns: tuple[str, ...]
    tables: Tables
    forest: Forest
    classes: bool
    present: tuple[int, ...]
    count: int

    def emit(self, program: ProgramBuilder) -> None:
        nan = float("nan")
        xs = []
        for name, table in zip(self.columns, self.tables, strict=True):
            x = program.register(name)
            if table is not None:
                x = program.add(Map(x=x, table=np.array(table), missing=nan, unseen=nan))
            xs.append(x)
        raws = self.forest.emit(program, xs)
        if not self.classes:
            program.score(raws)
            return
        scores = two_sided(program, raws[0]) if len(raws) == 1 else shares(program, raws)
        answer_classes(program, scores, self.present, self.count, decide_raw(program, raws))
