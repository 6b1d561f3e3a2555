"""The cache knows what changed, and what did not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modelyard.run.cache import Cache, step_key
from modelyard.scoring.instructions import Linear, reals, wholes
from modelyard.steps.clean.impute import Impute
from modelyard.steps.clean.scale import Scale

VERSIONS = {"numpy": "2"}


def keys(*steps: Impute | Scale) -> list[str]:
    made: list[str] = []
    for step in steps:
        made.append(step_key(step, *made[-1:], seed=0, libraries=VERSIONS))
    return made


def test_changing_a_step_changes_its_key_and_those_below_it_only() -> None:
    before = keys(Scale(), Impute(), Scale())
    after = keys(Scale(), Impute(strategy="mean"), Scale())
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, False]


def test_a_seed_or_a_library_version_makes_another_key() -> None:
    one = step_key(Impute(), "k", seed=0, libraries=VERSIONS)
    assert one != step_key(Impute(), "k", seed=1, libraries=VERSIONS)
    assert one != step_key(Impute(), "k", seed=0, libraries={"numpy": "3"})
    assert one == step_key(Impute(), "k", seed=0, libraries=VERSIONS)


def test_what_is_put_comes_back_with_the_same_bits(tmp_path: Path) -> None:
    word = Linear(into=3, xs=wholes([0, 1]), weights=reals([[0.1, np.nan]]), bias=reals([np.inf]))
    cache = Cache(tmp_path)
    assert cache.get("ab" * 32, Linear) is None
    cache.put("ab" * 32, word)
    found = cache.get("ab" * 32, Linear)
    assert found is not None
    assert found.weights.tobytes() == word.weights.tobytes()
    assert (cache.hits, cache.misses) == (1, 1)


def test_a_torn_entry_is_no_entry(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("cd" * 32, {"x": 1.5})
    path = cache.path("cd" * 32)
    path.write_bytes(path.read_bytes()[:12])
    assert cache.get("cd" * 32, dict[str, float]) is None
