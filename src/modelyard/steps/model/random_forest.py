"""A random forest: the average of many trees, each grown on its own sample of the rows."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from modelyard.lowering.forest import Forest
from modelyard.lowering.links import answer_classes
from modelyard.lowering.sklearn_trees import forest_of
from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned, Oracle
from modelyard.step.step import Learns
from modelyard.step.supervised import Supervised, features, supervised


class RandomForest(Learns, frozen=True, kw_only=True, tag="model.random_forest"):
    """The average of many deep trees. Robust without tuning; large to store."""

    needs = frozenset({"numbers"})

    trees: Annotated[int, Meta(ge=1, le=5000, description="How many trees.")] = 100
    depth: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Most levels of a tree; empty: until leaves are pure.")
    ] = None
    leaf: Annotated[int, Meta(ge=1, description="Fewest rows in a leaf.")] = 5
    share: Annotated[
        Annotated[float, Meta(gt=0, le=1)] | None,
        Meta(description="Share of features tried at a split; empty: the usual."),
    ] = None
    balance: Annotated[bool, Meta(description="Weigh rows so that every class counts the same.")] = False

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        rows = supervised(batch, ctx, "model.random_forest")
        parameters: dict[str, Any] = {
            "n_estimators": self.trees,
            "max_depth": self.depth,
            "min_samples_leaf": self.leaf,
            "random_state": ctx.seed,
            "n_jobs": ctx.cores,
        }
        forest, oracle = self._classes(rows, parameters) if rows.classification else self._numbers(rows, parameters)
        grown = Grown(columns=rows.columns, forest=forest, present=rows.present, count=rows.count)
        return Fitted(grown, oracle=oracle)

    def _classes(self, rows: Supervised, parameters: dict[str, Any]) -> tuple[Forest, Oracle]:
        from sklearn.ensemble import RandomForestClassifier

        weight = "balanced" if self.balance else None
        fitted = RandomForestClassifier(**parameters, max_features=self.share or "sqrt", class_weight=weight)
        fitted.fit(rows.X, rows.targets, sample_weight=rows.weight)
        # The library adds trees in the order its threads end; alone it adds them in theirs, as we do.
        vars(fitted)["n_jobs"] = None

        def oracle(table: Table) -> Floats:
            return rows.widen(fitted.predict_proba(features(table, rows.columns)))

        return forest_of(fitted.estimators_), oracle

    def _numbers(self, rows: Supervised, parameters: dict[str, Any]) -> tuple[Forest, Oracle]:
        from sklearn.ensemble import RandomForestRegressor

        fitted = RandomForestRegressor(**parameters, max_features=self.share or 1.0)
        fitted.fit(rows.X, rows.y, sample_weight=rows.weight)
        vars(fitted)["n_jobs"] = None

        def oracle(table: Table) -> Floats:
            return fitted.predict(features(table, rows.columns)).reshape(-1, 1)

        return forest_of(fitted.estimators_), oracle


class Grown(Learned, frozen=True, kw_only=True, tag="model.random_forest", eq=False):
    columns: tuple[str, ...]
    forest: Forest
    present: tuple[int, ...]
    count: int

    def emit(self, program: ProgramBuilder) -> None:
        scores = self.forest.emit(program, [program.register(name) for name in self.columns])
        answer_classes(program, scores, self.present, self.count)
