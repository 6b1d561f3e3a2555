"""What a project compares, how it splits its rows and by what it chooses: the parameters of evaluate.compare.

Here and not in steps/, because the plan is made of it; the step kind of that name is this with its tag.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from modelyard.step.step import Policy

Metric = Literal[
    "roc_auc", "average_precision", "log_loss", "brier", "accuracy", "balanced_accuracy", "f1", "precision", "recall",
    "rmse", "mae", "r2", "medae",
]  # fmt: skip


SplitKind = Literal["kfold", "stratified", "group", "time"]


class Holdout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that nothing learns from or is chosen by: the `last` stretch of time, or a `share` of the rows."""

    last: str | None = None
    share: Annotated[float, Meta(gt=0, lt=1)] | None = None


class Split(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a kind: time with a time role, group with a group role, stratified for classes, else kfold."""

    kind: SplitKind | None = None
    folds: Annotated[int, Meta(ge=2, le=50)] = 5
    repeats: Annotated[int, Meta(ge=1, le=50)] = 1
    gap: str | None = None
    holdout: Holdout = Holdout()


class Comparison(Policy, frozen=True, kw_only=True):
    candidates: Annotated[
        tuple[str | dict[str, Any], ...],
        Meta(description="Models to compare: a kind, or {use: KIND, parameter: value}. Steps named by `after` join."),
    ] = ()
    split: Annotated[Split, Meta(description="{kind, folds, repeats, gap, holdout: {last | share}}")] = Split()
    metrics: Annotated[tuple[Metric, ...], Meta(description="What the leaderboard shows; empty: usual ones.")] = ()
    choose: Annotated[Metric | None, Meta(description="What decides; among ties the cheapest to serve wins.")] = None
    slices: Annotated[tuple[str, ...], Meta(description="Columns whose values get numbers of their own.")] = ()
    refit: Annotated[
        Literal["before_holdout", "all"],
        Meta(description="`all` ships a model of all rows; its number is then an estimate."),
    ] = "before_holdout"
