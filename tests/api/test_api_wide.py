"""A table of many columns goes from `init` to a package in a time that grows with its columns, not with their square.

The limits are of processor time, and several times what is needed, for machines that are slow. They catch what takes
minutes of 1,000 columns, and so an hour of 5,000; `benchmarks/wide_table.py` measures what it takes.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from modelyard.api.init import init
from modelyard.api.project import Project
from wide_tables import wide

COLUMNS, ROWS = 1_001, 400


def seconds() -> float:
    """Of the processor, this process and the workers that it ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("wide")
    wide(COLUMNS, ROWS).write_csv(folder / "wide.csv")
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        began = seconds()
        made = init("wide", "wide.csv", "target")
        assert seconds() - began < 40
        yield made


def test_boosted_trees_of_a_wide_table_look_at_fewer_bins_and_the_file_says_so(project: Project) -> None:
    text = (project.folder / "modelyard.yaml").read_text()
    assert "{use: model.lightgbm, bins: 63}]   # 63 bins, not 255: 1,000 columns" in text


def test_a_run_over_a_thousand_columns_ends_in_its_time_and_serves(project: Project) -> None:
    """With few trees and folds and a week of alarms, which take their time of any table."""
    file = project.folder / "modelyard.yaml"
    shorter = (
        file.read_text()
        .partition("live:")[0]
        .replace("folds: 5", "folds: 2")
        .replace("bins: 63", "bins: 63, trees: 10")
    )
    watched = "live:\n  - {id: drift, use: monitor.drift, window: 1d, false_alarms: 1 per 7d}\n"
    file.write_text(shorter.replace("model.random_forest, ", "") + watched)
    began = seconds()
    result = Project.load(project.folder).run(cores=2)
    assert seconds() - began < 100
    assert result.package.serving
    assert result.parity.labels_different == 0
    assert result.winner in {one.name for one in result.candidates}
