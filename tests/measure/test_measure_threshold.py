"""Counts of a table with more bins than rows are drawn with the covariance that its bins have."""

from __future__ import annotations

import numpy as np

from modelyard.measure.bins import WIDTH
from modelyard.measure.threshold import _root


def test_the_root_of_a_wide_table_has_the_bins_own_covariance() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, WIDTH, (40, 5)) + np.arange(5) * WIDTH
    hot = np.zeros((40, 5 * WIDTH), dtype=np.float32)
    np.put_along_axis(hot, codes, 1.0, axis=1)
    covariance = np.cov(hot.astype(float), rowvar=False, bias=True)
    mean = hot.mean(0, dtype=np.float64)
    wide, tall = _root(hot, mean), _root(np.repeat(hot, 5, axis=0), mean)
    assert wide.shape == (5 * WIDTH, 40)
    np.testing.assert_allclose(wide @ wide.T, covariance, atol=1e-7)
    np.testing.assert_allclose(tall @ tall.T, covariance, atol=1e-7)
