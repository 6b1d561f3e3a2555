"""A result is told so that a person can judge it: ties, failures, the reason, the holdout, the proof, the next step."""

from __future__ import annotations

from msgspec.structs import replace

from modelyard.api.leaderboard import lines
from modelyard.measure.intervals import Interval
from modelyard.package.model import Parity
from modelyard.run.result import Packaged, Result, Standing

RESULT = Result(
    run="ab",
    rows=1200,
    unlabelled=30,
    young=0,
    in_gap=12,
    development=900,
    held_out=258,
    split="time",
    metric="roc_auc",
    greater_is_better=True,
    candidates=(
        Standing(name="lightgbm", kind="model.lightgbm", folds=(0.92, 0.9), interval=Interval(0.91, 0.89, 0.93),
                 tied_with=("logistic_regression",)),
        Standing(name="logistic_regression", kind="model.logistic_regression", folds=(0.91, 0.9),
                 interval=Interval(0.905, 0.88, 0.93), tied_with=("lightgbm",)),
        Standing(name="baseline", kind="model.baseline", folds=(0.5, 0.5), interval=Interval(0.5, 0.5, 0.5)),
        Standing(name="ridge", kind="model.ridge", error="a regressor for classes"),
    ),
    winner="logistic_regression",
    why="tied with lightgbm, and cheaper to serve",
    holdout={"roc_auc": Interval(0.9, 0.87, 0.92), "log_loss": Interval(0.3, float("nan"), float("nan"))},
    parity=Parity(equality="blas", max_abs_diff=2.2e-16, labels_different=0, at_boundary=1, rows=258),
    package=Packaged(name="late", version=3, digest="cd" * 32, serving=False),
    seconds=12.34,
    warnings=("ridge failed",),
)  # fmt: skip


def test_the_leaderboard_says_who_cannot_be_told_apart_and_why_one_was_chosen() -> None:
    said = "\n".join(lines(RESULT))
    assert "1,200 rows: 900 to learn from, 258 held out (time)." in said
    assert "Left out: 30 without a label, 12 between training and holdout." in said
    assert "> logistic_regression        0.9050  0.8800 to 0.9300         cannot be told apart from lightgbm" in said
    assert "  ridge                      failed  a regressor for classes" in said
    assert "Winner: logistic_regression (tied with lightgbm, and cheaper to serve)." in said
    assert "  log_loss        0.3000" in said
    assert "class blas, largest difference 2.2e-16, 0 labels different, 1 at the boundary" in said
    assert "Package: late@3 (cdcdcdcdcdcd), does not serve yet: modelyard promote late@3." in said
    assert said.endswith("Mind: ridge failed")


def test_what_serves_needs_no_promotion_and_large_numbers_few_digits() -> None:
    priced = replace(
        RESULT,
        metric="rmse",
        greater_is_better=False,
        package=replace(RESULT.package, serving=True),
        holdout={"rmse": Interval(23456.789, 20000.0, 26000.0)},
    )
    said = "\n".join(lines(priced))
    assert "(cdcdcdcdcdcd), serves. 12.3 s." in said
    assert "23456.8  20000.0 to 26000.0" in said
    assert "less is better" in said
