"""LightGBM: boosted trees, usually the strongest model for tables."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from modelyard.lowering.lightgbm_text import Boosted, parse
from modelyard.lowering.links import answer_classes, own_scale, shares, two_sided
from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns
from modelyard.step.supervised import Supervised, balanced, features, supervised, two_classes

WHO = "model.lightgbm"
WIDE = 500
"""Columns from which counting them one by one is faster than row by row: one column's bins stay in the cache. The
trees are the same."""
SHARE = 1_000_000
"""Numbers for each thread. Of fewer, threads wait for one another longer than they work: ten times as long where other
work keeps the cores busy. The trees are the same."""


class Lightgbm(Learns, frozen=True, kw_only=True, tag="model.lightgbm"):
    """Boosted trees from LightGBM. Takes gaps and categories as they are.

    Right: large tables with categories of many values. Wrong: a few hundred rows: leaves of 20 rows cannot say
    much.

    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> x = np.arange(200.0)
    >>> batch = Batch(table(x=x.tolist()), np.where(x < 50, 1.0, 4.0))
    >>> fitted = Lightgbm(trees=30).learn(batch, Context(outcome=Outcome(task="regression")))
    >>> fitted.oracle(table(x=[10.0, 90.0, None])).round(3).tolist()
    [[1.096], [3.966], [1.096]]
    """

    trees: Annotated[int, Meta(ge=1, le=10_000, description="Rounds of boosting.")] = 100
    learning_rate: Annotated[float, Meta(gt=0, le=1, description="Share of each tree that counts.")] = 0.1
    leaves: Annotated[int, Meta(ge=2, description="Most leaves of a tree.")] = 31
    leaf: Annotated[int, Meta(ge=1, description="Fewest rows in a leaf.")] = 20
    features: Annotated[float, Meta(gt=0, le=1, description="Share of features tried per tree.")] = 1.0
    rows: Annotated[float, Meta(gt=0, le=1, description="Share of rows drawn per tree.")] = 1.0
    bins: Annotated[
        int, Meta(ge=2, le=65_535, description="Most bins of a number: 63 learn four times as fast from many columns.")
    ] = 255
    penalty: Annotated[float, Meta(ge=0, description="L2 penalty on leaf values.")] = 0.0
    balance: Annotated[bool, Meta(description="Weigh rows so that every class counts the same.")] = False

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        import lightgbm

        rows = supervised(batch, ctx, WHO, codes=True)
        two_classes(rows, WHO)
        parameters = self._parameters(rows, ctx)
        data = lightgbm.Dataset(
            rows.X,
            label=rows.targets,
            weight=balanced(rows) if self.balance and rows.classification else rows.weight,
            categorical_feature=np.flatnonzero(rows.categories).tolist(),
            params=parameters,
        )
        booster = lightgbm.train(parameters, data, num_boost_round=self.trees)

        def oracle(table: Table) -> Floats:
            scores = booster.predict(features(table, rows.columns), num_threads=1)
            binary = rows.classification and scores.ndim == 1
            return rows.widen(np.column_stack([1.0 - scores, scores]) if binary else scores)

        text = booster.model_to_string()
        learned = Trained(columns=rows.columns, boosted=parse(text), present=rows.present, count=rows.count)
        return Fitted(learned, oracle=oracle)

    def _parameters(self, rows: Supervised, ctx: Context) -> dict[str, Any]:
        classes = len(rows.present)
        objective = ("multiclass" if classes > 2 else "binary") if rows.classification else "regression"
        return {
            "objective": objective,
            **({"num_class": classes} if objective == "multiclass" else {}),
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.leaf,
            "feature_fraction": self.features,
            "bagging_fraction": self.rows,
            "bagging_freq": int(self.rows < 1.0),
            "max_bin": self.bins,
            "lambda_l2": self.penalty,
            "seed": ctx.seed,
            "num_threads": min(ctx.cores, 1 + rows.X.size // SHARE),
            "deterministic": True,
            "force_col_wise" if len(rows.columns) >= WIDE else "force_row_wise": True,
            "verbosity": -1,
        }


class Trained(Learned, frozen=True, kw_only=True, tag="model.lightgbm", eq=False):
    columns: tuple[str, ...]
    boosted: Boosted
    present: tuple[int, ...]
    count: int

    def emit(self, program: ProgramBuilder) -> None:
        raws = self.boosted.emit(program, self.columns)
        scores: tuple[int, ...]
        if self.boosted.objective == "binary":
            scores = two_sided(program, raws[0], self.boosted.slope)
        elif self.boosted.objective == "multiclass":
            scores = shares(program, raws)
        else:
            program.score([own_scale(program, raws[0], self.boosted.link)])
            return
        answer_classes(program, scores, self.present, self.count)
