"""Compare candidates on the same splits, and choose. Honoured by run/; its parameters are in project/comparison.py."""

from __future__ import annotations

from modelyard.project.comparison import Comparison


class Compare(Comparison, frozen=True, kw_only=True, tag="evaluate.compare"):
    """Every candidate, and always model.baseline, learns and is scored on the same folds.

    Right: a time split where tomorrow is what will be asked about, a group split where new customers are.
    Wrong: picking the best of many after looking at the holdout: candidates belong here, the holdout is looked
    at once.

    >>> Compare(candidates=("model.ridge",)).split.folds
    5
    """
