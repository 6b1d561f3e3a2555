"""Packages of every released format load and answer as on the day they were made, for ever."""

import importlib.util
from pathlib import Path

import pytest

from modelyard.package.codec import encode
from modelyard.package.keys import Trust
from modelyard.package.load import load
from modelyard.package.manifest import MANIFEST, digest
from modelyard.scoring.engine import Scorer
from modelyard.scoring.words import WORDS

GOLDEN = Path(__file__).parent / "golden"
DIGESTS = {
    "format-1-every-word": "ca48d897e10a22a870c755d58e13be09bf777eef0909d5c5ac4f98f47bcc9ec5",
    "format-1-match": "f3101e7caaad6e621898d7ee7099bf7104df63f365240f14f733b057bb3bbf02",
    "format-1-nearest": "51f315fe379cbb00a559a58bb53c80a95cb2ea802f0ffb48ce010525f40f52d5",
    "format-1-pinned": "df7c4a7bab4b8381f91d410fb164800436cd74e88148b7964daec1286a452b38",
    "format-1-text": "641921a1e726beb105138116ccb257ceb33b45716bfd87f4e2431147646154c8",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_a_golden_package_is_untouched_loads_and_answers(name: str) -> None:
    folder = GOLDEN / name
    assert digest((folder / MANIFEST).read_bytes()) == DIGESTS[name]
    model = load(folder, Trust.read(GOLDEN / "trusted"), digest=DIGESTS[name])
    assert model.parity is not None
    answers = Scorer(model.program).table(model.parity.table)
    assert (abs(answers.scores - model.parity.scores) <= model.parity.bounds).all()
    assert answers.prediction.tolist() == model.parity.prediction.tolist()


def test_a_package_says_what_it_was_made_of_and_older_ones_nothing() -> None:
    read = load(GOLDEN / "format-1-pinned", Trust.read(GOLDEN / "trusted")).evidence.lineage.input
    assert read is not None
    assert (read.rows, read.sources["orders"].upto, read.log and read.log.rows) == (120, 89, 30)
    assert load(GOLDEN / "format-1-nearest", Trust.read(GOLDEN / "trusted")).evidence.lineage.input is None


def test_all_packages_here_are_listed_and_hold_every_word() -> None:
    assert {path.parent.name for path in GOLDEN.glob(f"*/{MANIFEST}")} == set(DIGESTS)
    found = set()
    for name in DIGESTS:
        found |= {type(word) for word in load(GOLDEN / name, Trust.read(GOLDEN / "trusted")).program.instructions}
    assert found == set(WORDS), "a new word needs a golden package: see manifest.FORMAT"


def test_what_made_it_still_writes_the_same_document_except_for_versions() -> None:
    spec = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert set(made.MODELS) == set(DIGESTS)
    for name, model in made.MODELS.items():
        stored = load(GOLDEN / name, Trust.read(GOLDEN / "trusted"))
        assert encode(stored.program).document == encode(model().program).document
