"""Trees as the kernel sees them: the order of keys, sets answered before a walk and on the way, the shapes between."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
import sys
import sysconfig
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors.scoring import BadInputs
from modelyard.scoring import layout, masks, native
from modelyard.scoring.flat import Flat
from modelyard.scoring.instructions import Apply, Trees, reals, wholes
from modelyard.scoring.interpreter import interpret

needs_kernel = pytest.mark.skipif(not native.available(), reason="the native kernel was not built: no C compiler")
FEATURES = 4


def forest(rng: np.random.Generator, trees: int, inner: int, outputs: int, tests: float) -> Trees:
    """Random trees of `inner` tests each, a share `tests` of them on categories."""
    feature, threshold, left, right, flags, at, words, roots = [], [], [], [], [], [], [], []
    for _ in range(trees):
        start, size = len(feature), 2 * inner + 1
        roots.append(start)
        parents = _shape(rng, inner)
        children = iter(range(1, size))
        for place in range(size):
            is_inner = place in parents
            feature.append(int(rng.integers(FEATURES)) if is_inner else -1)
            threshold.append(float(rng.choice([0.0, -0.0, 0.5, 3.0, np.inf, -np.inf, 5e-324, np.nan])))
            left.append(start + next(children) if is_inner else int(rng.integers(50)))
            right.append(start + next(children) if is_inner else 0)
            category = is_inner and rng.random() < tests
            flags.append(int(rng.integers(2)) | (2 | int(rng.integers(2)) * 4 if category else 0))
            at.append(int(rng.integers(4)))
            words.append(int(rng.integers(0, 5 - at[-1])))
    return Trees(
        into=FEATURES, xs=wholes(range(FEATURES)), feature=wholes(feature), threshold=reals(threshold),
        left=wholes(left), right=wholes(right), flags=np.array(flags, np.uint8),
        bits=rng.integers(0, 2**32, 4, dtype=np.uint32), bits_at=wholes(at), bits_words=wholes(words),
        roots=wholes(roots), outputs=wholes(np.zeros(trees)), leaves=reals(rng.normal(size=(50, outputs))),
        base=reals(np.zeros(outputs)), scale=0.1, divide=3.0,
    )  # fmt: skip


def _shape(rng: np.random.Generator, inner: int) -> set[int]:
    """Which places test, in level order: each is open when it is reached."""
    parents, opened = set[int](), 1
    place = 0
    while len(parents) < inner:
        if opened == 1 or rng.random() < 0.5:
            parents.add(place)
            opened += 1
        else:
            opened -= 1
        place += 1
    return parents


def values(rng: np.random.Generator, length: int) -> list[np.ndarray]:
    pool = np.array(
        [0.0, -0.0, 0.5, -0.5, 3.0, -1.0, 31.0, 32.0, 127.9, 1e300, 5e-324, -5e-324, np.nan, np.inf, -np.inf]
    )
    return [rng.choice(pool, length) for _ in range(FEATURES)]


@needs_kernel
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("tests", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("inner", [0, 1, 10, 30, 31, 32, 100, 127, 128, 200])
def test_walks_of_every_sort_end_where_numpy_does(inner: int, tests: float, outputs: int) -> None:
    rng = np.random.default_rng(inner)
    word = forest(rng, trees=19, inner=inner, outputs=outputs, tests=tests)
    for length in (1, 3, 8, 13, 32, 33, 64, 200):
        columns = values(rng, length)
        made = native.Kernel([word], FEATURES, FEATURES + outputs, range(FEATURES, FEATURES + outputs))
        expected = interpret([word], columns, FEATURES + outputs, length)[FEATURES:]
        np.testing.assert_array_equal(np.array(made.run(columns, length)), np.array(expected))


def test_the_sorts_of_walk_are_all_met_above() -> None:
    laid = [layout.lay_out(forest(np.random.default_rng(inner), 19, inner, 1, 1.0)) for inner in (10, 200)]
    assert [one.trees[:, 4].any() for one in laid] == [False, True]
    assert laid[0].derived == 10
    plain = [layout.lay_out(forest(np.random.default_rng(inner), 19, inner, 1, 0.0)) for inner in (31, 32, 127, 128)]
    masked = [masks.mask_out(one) for one in plain]
    assert [one and one.words for one in masked] == [1, 2, 4, None]
    assert masks.mask_out(laid[0]) is not None
    assert masks.mask_out(laid[1]) is None


@needs_kernel
def test_a_processor_without_wide_vectors_gives_the_same_bits(tmp_path: Path) -> None:
    source = Path(native.__file__).with_name("_kernel.c")
    compiled = tmp_path / f"_kernel{sysconfig.get_config_var('EXT_SUFFIX')}"
    flags = ["-O2", "-fPIC", "-ffp-contract=off", "-std=c11", "-DHAS_WIDE=0", f"-I{sysconfig.get_path('include')}"]
    linked = ["-bundle", "-undefined", "dynamic_lookup"] if sys.platform == "darwin" else ["-shared"]
    compiler = sysconfig.get_config_var("CC").split()
    subprocess.run([*compiler, *flags, *linked, str(source), "-o", str(compiled), "-lm"], check=True)
    narrow = importlib.util.module_from_spec(found(compiled))
    word = forest(np.random.default_rng(5), trees=19, inner=40, outputs=1, tests=0.2)
    columns = values(np.random.default_rng(6), 200)
    buffers, wanted = Flat([word]).buffers(), wholes([FEATURES]).tobytes()
    out = np.empty((1, 200))
    narrow.Kernel(*buffers, wanted, FEATURES, FEATURES + 1).run(tuple(columns), out, 200)
    np.testing.assert_array_equal(out, native.Kernel([word], FEATURES, FEATURES + 1, [FEATURES]).run(columns, 200))


def found(extension: Path) -> importlib.machinery.ModuleSpec:
    spec = importlib.util.spec_from_file_location("_kernel", extension)
    assert spec is not None
    return spec


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(allow_nan=False), min_size=2, max_size=20))
def test_keys_are_in_the_order_of_their_numbers(numbers: list[float]) -> None:
    keys = layout.keys(np.array(sorted(numbers)))
    for (x, y), (one, other) in zip(pairwise(sorted(numbers)), pairwise(keys), strict=True):
        assert (x < y) == (one < other)
    assert layout.keys(np.array([np.nan]))[0] < keys[0]


def test_an_empty_set_holds_nothing_not_even_what_truncates_to_zero() -> None:
    word = Trees(
        into=1, xs=wholes([0]), feature=wholes([0, -1, -1]), threshold=reals([0, 0, 0]), left=wholes([1, 0, 1]),
        right=wholes([2, 0, 0]), flags=np.array([2, 0, 0], np.uint8), bits=np.array([1], np.uint32),
        bits_at=wholes([0, 0, 0]), bits_words=wholes([0, 0, 0]), roots=wholes([0]), outputs=wholes([0]),
        leaves=reals([[1.0], [2.0]]), base=reals([0.0]),
    )  # fmt: skip
    column = np.array([-0.5, 0.0, 5.0])
    assert interpret([word], [column], 2, 3)[1].tolist() == [2.0, 2.0, 2.0]
    if native.available():
        assert native.Kernel([word], 1, 2, [1]).run([column], 3)[0].tolist() == [2.0, 2.0, 2.0]


@needs_kernel
def test_text_may_stand_beside_what_is_read_but_not_be_read() -> None:
    text, numbers = np.array(["a", None], dtype=object), np.array([1, 2])
    word = Apply(into=2, f="neg", x=1)
    assert native.Kernel([word], 2, 3, [2]).run([text, numbers], 2)[0].tolist() == [-1.0, -2.0]
    with pytest.raises(BadInputs, match="text"):
        native.Kernel([word], 2, 3, [2]).run([numbers, text], 2)


def test_without_the_kernel_numpy_answers() -> None:
    code = (
        "import sys; sys.modules['modelyard.scoring._kernel'] = None\n"
        "import numpy as np\n"
        "from modelyard.scoring import native\n"
        "from modelyard.scoring.engine import execute\n"
        "from modelyard.scoring.instructions import Apply\n"
        "print(native.available(), execute([Apply(into=1, f='exp', x=0)], [np.zeros(2)], 2, [1], 2)[0].tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["False", "[1.0, 1.0]\n"]
