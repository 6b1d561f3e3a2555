"""Models on the same live rows: each answers every row anew, and all are judged on the rows that all can answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from msgspec import Struct

from modelyard.errors.measure import UnknownMetric
from modelyard.errors.serving import BadRows
from modelyard.loop.rows import Record, labelled
from modelyard.loop.truths import labels
from modelyard.measure.metrics import Judged, Metric, judged, metric, metrics_for
from modelyard.package.model import Model
from modelyard.rows.reading import RowReader
from modelyard.rows.table import Floats
from modelyard.schema.duration import MICROSECONDS
from modelyard.schema.target import Outcome
from modelyard.scoring.engine import Scorer
from modelyard.store.place import Store

_record = msgspec.json.Decoder(Record).decode


class Live(Struct, frozen=True, eq=False):
    """Labelled rows of the log; `event` (n,) microseconds, `records` as they were asked, `values` their truths."""

    event: Floats
    records: tuple[Record, ...]
    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.records)

    @property
    def days(self) -> Floats:
        """(n,) the event day (UTC) of each row: what a bootstrap draws."""
        return np.floor_divide(self.event, MICROSECONDS["d"])

    def take(self, places: Sequence[int]) -> Live:
        return Live(
            self.event[np.asarray(places, dtype=np.intp)],
            tuple(self.records[place] for place in places),
            tuple(self.values[place] for place in places),
        )


def live_rows(store: Store, name: str, start: int | None = None, end: int | None = None) -> Live:
    """The labelled rows of that model whose event lies in [start, end), oldest first."""
    frame = labelled(store, name, start, end).collect()
    records = tuple(_record(row) for row in frame["row"].to_list())
    return Live(frame["event"].to_numpy().astype(np.float64), records, tuple(frame["values"].to_list()))


def judge(models: Sequence[Model], rows: Live) -> tuple[list[Judged], Live]:
    """Each model's answers to the rows that every model takes and knows the truth of, and those rows."""
    places = list(range(len(rows)))
    for model in models:
        places = _answerable(RowReader(model.program.takes), rows, places)
    kept = rows.take(places)
    truths = [labels(model, kept.values) for model in models]
    known = np.flatnonzero(~np.isnan(np.sum(truths, axis=0))) if models else np.arange(len(kept))
    kept = kept.take(known.tolist())
    return [_judged(model, kept, y[known]) for model, y in zip(models, truths, strict=True)], kept


class Loss(Struct, frozen=True):
    """A loss per row: `per_row` gives (n,)."""

    name: str
    per_row: Callable[[Judged], Floats]


def loss_of(name: str | None, outcome: Outcome) -> tuple[Metric, Loss]:
    """The metric that decides (the outcome's first where none is named), and the loss whose rows are compared: its own
    where it is a mean of row losses, else log loss for classes and absolute error for numbers.

    >>> chosen, loss = loss_of("roc_auc", Outcome(task="classification", classes=("a", "b")))
    >>> chosen.name, loss.name
    ('roc_auc', 'log_loss')
    """
    chosen = metric(name) if name else metrics_for(outcome)[0]
    usual = metric("mae" if outcome.task == "regression" else "log_loss")
    for one in (chosen, usual):
        if one.per_row is not None:
            return chosen, Loss(one.name, one.per_row)
    raise UnknownMetric(f"{usual.name} has no loss per row")


def _answerable(reader: RowReader, rows: Live, places: list[int]) -> list[int]:
    """The rows that this contract takes: an older one may have taken what it refuses. Halves, until no half is bad."""
    if not places:
        return []
    try:
        reader.read([rows.records[place] for place in places])
    except BadRows:
        middle = len(places) // 2
        if not middle:
            return []
        return _answerable(reader, rows, places[:middle]) + _answerable(reader, rows, places[middle:])
    return places


def _judged(model: Model, rows: Live, y: Floats) -> Judged:
    inputs = RowReader(model.program.takes).read(rows.records).inputs
    answers = Scorer(model.program).score(inputs, len(rows))
    return judged(y, answers.scores, answers.prediction, model.outcome)
