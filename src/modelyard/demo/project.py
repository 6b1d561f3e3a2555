"""The demo's project: a file as a person would write it, and the rows of January to March beside it.

The file is written once and then theirs: an edit stays, and the same command runs what it says.
"""

from __future__ import annotations

from pathlib import Path

from modelyard.demo.flights import ZONE, departures
from modelyard.errors.demo import OtherFolder
from modelyard.package.synced import replace

NAME = "late"
FIRST, LAST = 1, 3
"""The months that are learned from."""

FILE = f"""\
# Written by `modelyard demo`. Will a flight arrive more than 15 minutes late? Asked at departure.
modelyard: 1
name: {NAME}
task: classification
target: {{column: late, positive: true, known_after: 3d}}   # the truth comes three days later
roles: {{id: id, time: departs}}
timezone: {ZONE}
steps:
  - {{use: read.csv, path: flights.csv, types: {{departs: datetime}}}}
  - {{use: table.derive, columns: {{late: arr_delay > 15}}}}   # so arr_delay is a label too, and never a feature
  - use: check.rules            # here and on each request
    columns:
      dep_delay: {{type: number, min: -120, max: 2880, else: warn}}
      distance: {{type: number, min: 0, else: stop}}
  - {{use: derive.date_parts, columns: departs, parts: [hour, weekday]}}
  - id: best
    use: evaluate.compare       # model.baseline is always among them
    candidates:
      - model.logistic_regression
      - {{use: model.random_forest, trees: 60, leaf: 20}}
      - model.hist_gradient_boosting
      - model.lightgbm
    split: {{kind: time, folds: 5, holdout: {{last: 14d}}}}
    metrics: [roc_auc, average_precision, log_loss, brier]
    choose: roc_auc
  - {{use: decide.threshold, maximise: f1}}
live:
  - {{use: deploy.service, gate: {{better_than: champion}}, durability: fsync, log: {{keep: 365d}}}}
  - {{id: drift, use: monitor.drift, window: 1d, false_alarms: 1 per 90d}}
  - {{id: quality, use: monitor.performance, labels: http, window: 7d}}
  - use: retrain.when
    any: {{drift: drifted, quality: worse, every: 30d}}
    at_most: 1 per 7d
    promote: by_gate            # by_person is what `init` writes
"""


def write(folder: Path) -> Path:
    """`modelyard.yaml` and `flights.csv` in `folder`, where they are not there yet; the path of the first.

    Raises OtherFolder where the folder holds something else, and NoFlights."""
    file, table = folder / "modelyard.yaml", folder / "flights.csv"
    if folder.exists() and not file.exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise OtherFolder(f"{folder} is not empty and has no modelyard.yaml of the demo", who="demo")
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        replace(file, FILE.encode())
    if not table.exists():
        replace(table, departures(FIRST, LAST).write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ").encode())
    return file
