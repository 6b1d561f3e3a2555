"""Compare candidates on the same splits, and choose. Honoured by run/; its parameters are in project/comparison.py."""

from __future__ import annotations

from modelyard.project.comparison import Comparison


class Compare(Comparison, frozen=True, kw_only=True, tag="evaluate.compare"):
    """Every candidate, and always model.baseline, learns and is scored on the same folds.

    >>> Compare(candidates=("model.ridge",)).split.folds
    5
    """
