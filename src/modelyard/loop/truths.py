"""Late truths as the model means them: raw values that came for an id (`arr_delay`) become the label (`late`).

By the rule that is stored in the package, so that the label of live rows is the one that was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from msgspec import Struct

from modelyard.errors import ModelyardError
from modelyard.lowering.expression import evaluate
from modelyard.measure.metrics import Judged, judged
from modelyard.package.model import Model
from modelyard.project.outcome import class_name
from modelyard.rows.table import Floats, Table, Values, Vector, coded
from modelyard.schema.expression import parse
from modelyard.schema.target import Outcome
from modelyard.store.lake import Lake
from modelyard.store.place import Store

if TYPE_CHECKING:
    from polars import DataFrame

_values = msgspec.json.Decoder(dict[str, Any]).decode
_any = msgspec.json.Decoder().decode


class Answered(Struct, frozen=True, eq=False):
    """Rows of the log by one package, oldest event first; all arrays (n,), scores (n, K). `y` is NaN where no label has
    come, `labelled` when it came (NaN too); times in microseconds."""

    event: Floats
    scores: Floats
    prediction: Floats
    y: Floats
    labelled: Floats
    outcome: Outcome

    def __len__(self) -> int:
        return len(self.event)

    @property
    def known(self) -> Answered:
        """Those with a label."""
        return self.take(np.flatnonzero(~np.isnan(self.y)))

    def take(self, rows: Values) -> Answered:
        event, scores, prediction = self.event[rows], self.scores[rows], self.prediction[rows]
        return Answered(event, scores, prediction, self.y[rows], self.labelled[rows], self.outcome)

    def between(self, start: int, end: int) -> Answered:
        return self.take(np.flatnonzero((self.event >= start) & (self.event < end)))

    @property
    def judged(self) -> Judged:
        return judged(self.y, self.scores, self.prediction, self.outcome)

    @property
    def positive(self) -> int:
        return 1 if self.outcome.positive is None else self.outcome.positive


def answered(store: Store, model: Model, digest: str, start: int | None = None, end: int | None = None,
             received_until: int | None = None) -> Answered:  # fmt: skip
    """The rows that this package answered, whose event lies in [start, end); labels that came later than
    `received_until` are not known yet."""
    import polars as pl

    rows = Lake(store.lake).labelled(start, end).filter(pl.col("package") == digest).sort("event", "id")
    frame = rows.select("event", "scores", "prediction", "labelled", "values").collect()
    labelled = frame["labelled"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    y = labels(model, frame["values"].to_list())
    if received_until is not None:
        y = np.where(labelled <= received_until, y, np.nan)
    return Answered(
        event=frame["event"].cast(pl.Float64).to_numpy(),
        scores=_scores(frame, model.outcome.scores),
        prediction=codes([_any(text) for text in frame["prediction"].to_list()], model.outcome),
        y=y,
        labelled=labelled,
        outcome=model.outcome,
    )


def labels(model: Model, values: Sequence[str | None]) -> Floats:
    """(n,) class codes, or numbers, of labels as they were logged (JSON); NaN where there is none, or where it says
    nothing (a flight that never arrived)."""
    records = [{} if text is None else _values(text) for text in values]
    rule = model.label
    if rule is None:
        return codes([next(iter(record.values()), None) for record in records], model.outcome)
    if rule.expression is None:
        return codes([record.get(rule.parents[0]) for record in records], model.outcome)
    expression = parse(rule.expression)
    columns = {name: _column([record.get(name) for record in records]) for name in expression.names}
    try:
        made = evaluate(expression, Table(columns, len(records)), model.program.takes.zone or "UTC")
    except ModelyardError:  # all nulls, or words for numbers: nothing is said of any row
        return np.full(len(records), np.nan)
    return codes(_plain(made), model.outcome)


def codes(values: Sequence[Any], outcome: Outcome) -> Floats:
    """Classes as a table or a client may write them, as codes; numbers as they are; NaN for what is neither.

    >>> codes([True, "false", 1, None], Outcome(task="classification", classes=("false", "true"), labels=(False, True)))
    array([ 1.,  0., nan, nan])
    """
    if outcome.task == "regression":
        return np.array([float(v) if _number(v) else np.nan for v in values], dtype=np.float64)
    places = {name: float(code) for code, name in enumerate(outcome.classes)}
    places |= {class_name(label): float(code) for code, label in enumerate(outcome.labels)}
    return np.array([np.nan if v is None else places.get(class_name(v), np.nan) for v in values], dtype=np.float64)


def _plain(vector: Vector) -> list[Any]:
    """Values as a table would hold them: booleans as such, categories as words, NaN as None."""
    known = [None if np.isnan(value) else value for value in vector.values.tolist()]
    if vector.kind == "boolean":
        return [None if value is None else bool(value) for value in known]
    if vector.kind == "category":
        return [None if value is None or value < 0 else vector.categories[int(value)] for value in known]
    return known


def _column(values: list[Any]) -> Vector:
    if not any(isinstance(value, int | float) for value in values) and any(isinstance(v, str) for v in values):
        return coded(value if isinstance(value, str) else None for value in values)
    numbers = np.array([float(v) if isinstance(v, int | float) else np.nan for v in values], dtype=np.float64)
    logical = any(isinstance(v, bool) for v in values)
    return Vector("boolean" if logical else "number", numbers)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scores(frame: DataFrame, columns: int) -> Floats:
    flat = frame["scores"].explode().drop_nulls().to_numpy()
    return np.asarray(flat, dtype=np.float64).reshape(len(frame), columns)
