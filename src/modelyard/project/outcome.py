"""What a model answers, once the target's values are known: classes, and which of two is the positive one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelyard.errors import did_you_mean
from modelyard.errors.data import BadTarget
from modelyard.schema.target import Outcome, Target, Task
from modelyard.schema.word import one_form

SELF_EVIDENT: tuple[tuple[Any, Any], ...] = ((0, 1), (False, True))


def outcome(target: Target, task: Task, values: Iterable[Any]) -> Outcome:
    """`values`: the target's distinct values (nulls left out). Raises BadTarget: one class, or two without `positive`.

    >>> found = outcome(Target(column="late"), "classification", [True, False])
    >>> found.classes, found.positive
    (('false', 'true'), 1)
    """
    if task == "regression":
        return Outcome(task=task)
    labels = _sorted({value for value in values if value is not None and value == value})
    if len(labels) < 2:
        raise BadTarget(
            f"{target.column!r} holds {len(labels)} class(es): there is nothing to tell apart", who="target"
        )
    return Outcome(
        task=task, classes=tuple(map(class_name, labels)), labels=tuple(labels), positive=_positive(target, labels)
    )


def class_name(label: Any) -> str:
    """A class as text: `true`, `3`, `late`; a word in one form."""
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return one_form(str(label))


def _sorted(labels: set[Any]) -> list[Any]:
    try:
        return sorted(labels)
    except TypeError:
        return sorted(labels, key=str)


def _positive(target: Target, labels: list[Any]) -> int | None:
    names = [class_name(label) for label in labels]
    if target.positive is not None:
        if len(labels) > 2:
            way_out = "Leave `positive:` out, or derive a yes/no target"
            raise BadTarget(f"{target.column!r} has {len(labels)} classes", who="target.positive", way_out=way_out)
        wanted = class_name(target.positive)
        if wanted not in names:
            found = f"{target.positive!r} is no value of {target.column!r}"
            raise BadTarget(found, who="target.positive", way_out=did_you_mean(wanted, names))
        return names.index(wanted)
    if len(labels) > 2:
        return None
    if tuple(labels) in SELF_EVIDENT:
        return 1
    way_out = f"Write target: {{column: {target.column}, positive: {names[1]}}}, or {names[0]}"
    raise BadTarget(f"{target.column!r} has two classes and none is named positive", who="target", way_out=way_out)
