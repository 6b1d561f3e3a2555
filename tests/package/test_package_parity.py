"""Parity: within the class of equality or refused, and a row near a boundary is counted and not judged."""

import numpy as np
import pytest
from msgspec.structs import replace
from small_model import ROWS, program

from modelyard.errors.package import NotEqual
from modelyard.package.parity import prove, record, replay
from modelyard.scoring.bounds import bounds
from modelyard.scoring.engine import Scorer

PROGRAM = program()
SCORER = Scorer(PROGRAM)
INPUTS = SCORER.inputs(ROWS)
ANSWERS = SCORER.score(INPUTS, len(ROWS))
BOUNDS = bounds(PROGRAM, INPUTS, len(ROWS))


def test_the_librarys_own_numbers_within_the_class_are_equal_and_the_difference_is_kept() -> None:
    moved = ANSWERS.scores + BOUNDS / 2
    parity = prove(PROGRAM, INPUTS, moved, ANSWERS.prediction)
    assert (parity.equality, parity.labels_different, parity.at_boundary, parity.rows) == ("blas", 0, 0, 5)
    assert parity.max_abs_diff == np.abs(ANSWERS.scores - moved).max() > 0


def test_more_than_the_class_allows_is_refused_with_the_row() -> None:
    moved = ANSWERS.scores.copy()
    moved[3, 1] += 2 * BOUNDS[3, 1] + 1e-15
    with pytest.raises(NotEqual, match="row 3 scores"):
        prove(PROGRAM, INPUTS, moved, ANSWERS.prediction)


def test_a_score_that_only_one_side_calls_nan_is_refused() -> None:
    moved = ANSWERS.scores.copy()
    moved[1] = np.nan
    with pytest.raises(NotEqual, match="row 1"):
        prove(PROGRAM, INPUTS, moved, None)


def test_another_label_is_refused_off_the_boundary_and_counted_at_it() -> None:
    labels = ANSWERS.prediction.copy()
    labels[0] = 1 - labels[0]
    with pytest.raises(NotEqual, match="row 0 is labelled"):
        prove(PROGRAM, INPUTS, ANSWERS.scores, labels)


def test_a_bound_that_is_not_a_number_allows_nothing() -> None:
    stored = record(PROGRAM, ROWS)
    wrong = replace(stored, scores=stored.scores + 0.1, bounds=np.full_like(stored.bounds, np.nan), processor="another")
    with pytest.raises(NotEqual):
        replay(PROGRAM, wrong)
