"""What the system does not do, one sentence each, said wherever somebody asks for it. docs/scope.md is this list."""

from __future__ import annotations

from modelyard.errors import did_you_mean
from modelyard.errors.project import BadParameter, OutOfScope

TASKS = ("classification", "regression")

SENTENCES: dict[str, str] = {
    "forecasting": "Forecasting a series is not done: predict one row at a time from columns of its past "
    "(task: regression with a time role), or use a forecasting library such as statsforecast.",
    "anomaly": "Anomaly detection without labels is not done yet: label some rows and use task: classification, "
    "or use scikit-learn's IsolationForest.",
    "segments": "Finding segments without a target is not done yet: use scikit-learn's KMeans, and bring the segment "
    "in as a column.",
    "ranking": "Ranking lists is not done: predict each item's chance with task: classification and sort by the score.",
    "multilabel": "Several labels per row are not done: write one project file per label.",
    "survival": "Time-to-event with censoring is not done: predict 'within N days' with task: classification and "
    "known_after: Nd.",
    "images": "Images, sound and free text as inputs are not done: turn them into columns with an embedding model "
    "before reading the table.",
    "recommendation": "Recommending items is not done: use a recommender library such as implicit, and feed its score "
    "in as a column.",
    "reinforcement": "Learning from interaction is not done: use a reinforcement learning library such as RLlib.",
    "streaming": "Learning row by row is not done: retrain.when learns anew from the rows logged so far; for online "
    "learning use river.",
}


def check_task(task: object, where: str) -> str:
    """
    >>> check_task("regression", "modelyard.yaml:3")
    'regression'
    """
    if task in TASKS:
        return str(task)
    if isinstance(task, str) and task in SENTENCES:
        raise OutOfScope(SENTENCES[task].rstrip("."), where=where)
    raise BadParameter(f"task: {task!r} is none", where=where, way_out=did_you_mean(str(task), [*TASKS, *SENTENCES]))
