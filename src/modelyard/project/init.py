"""The first project file of a table: guessed, commented, and running as it is.

Pure: a schema and a few facts in, text out. Every guess is a line with its reason beside it, to be changed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from modelyard.errors import did_you_mean
from modelyard.errors.data import BadTarget
from modelyard.project.outcome import SELF_EVIDENT, class_name
from modelyard.project.write import flow
from modelyard.schema.column import NUMERIC, Column
from modelyard.schema.schema import Schema
from modelyard.schema.target import Task

FEW = 20
"""A whole number with no more values than this is taken for a class."""
RARE = 0.1
RULES = 40
"""More columns than this get no range each: nobody would read them."""


class ColumnFacts(Struct, frozen=True, kw_only=True):
    """What a look at the rows tells: nulls and distinct values as counts, the range of numbers, and for columns with
    few values how often each occurs."""

    nulls: int = 0
    distinct: int = 0
    low: float | None = None
    high: float | None = None
    counts: tuple[tuple[bool | int | float | str, int], ...] = ()


class Facts(Struct, frozen=True, kw_only=True):
    rows: int
    columns: dict[str, ColumnFacts]


def init_file(
    name: str,
    schema: Schema,
    target: str,
    facts: Facts,
    path: str,
    task: Task | None = None,
    positive: str | None = None,
    reading: Mapping[str, str | list[str]] | None = None,
) -> str:
    """The text of modelyard.yaml. `positive`: the class that scores are about, as text. `reading`: parameters of the
    read step besides its path. Raises MissingColumn for a target that is not there, BadTarget for a class that is
    not."""
    return "\n".join(_Guess(name, schema, target, facts, path, task, positive, reading or {}).lines()) + "\n"


class _Guess:
    def __init__(
        self,
        name: str,
        schema: Schema,
        target: str,
        facts: Facts,
        path: str,
        task: Task | None,
        positive: str | None,
        reading: Mapping[str, str | list[str]],
    ) -> None:
        self.name, self.schema, self.facts, self.path = name, schema, facts, path
        self.target = schema[target]
        self.task: Task = task or self._task()
        self.counts = dict(self._of(target).counts)
        self.named, self.reading = positive, reading
        self.id = next((column.name for column in self._others() if self._names_rows(column)), None)
        self.time = next((c.name for c in self._others() if c.kind == "datetime" and not self._of(c.name).nulls), None)
        self.ignored = {c.name: why for c in self._others() for why in [self._useless(c)] if why}

    def lines(self) -> Iterator[str]:
        yield "# Written by `modelyard init`. It runs as it is; every line may be changed. `modelyard check` explains."
        yield "modelyard: 1"
        yield f"name: {flow(self.name)}"
        yield f"task: {self.task}"
        yield from self._target()
        yield from self._roles()
        yield "timezone: UTC          # what a time without a zone means"
        yield "steps:"
        yield f"  - {flow({'use': self._reader(), 'path': self.path, **self.reading})}"
        yield from self._rules()
        if any(self._of(column.name).nulls for column in self._features() if column.kind in NUMERIC):
            yield "  - {use: clean.impute, columns: numeric, strategy: median, flag: true}"
        yield from self._compare()
        yield from self._live()

    def _of(self, name: str) -> ColumnFacts:
        return self.facts.columns.get(name, ColumnFacts())

    def _others(self) -> list[Column]:
        return [column for column in self.schema if column.name != self.target.name]

    def _features(self) -> list[Column]:
        not_read = {self.id, self.time, *self.ignored}
        return [c for c in self._others() if c.name not in not_read and c.kind not in ("datetime", "text")]

    def _task(self) -> Task:
        few = 2 <= self._of(self.target.name).distinct <= FEW
        whole = self.target.kind == "integer" and few and self._of(self.target.name).distinct < self.facts.rows / 20
        return "classification" if whole or self.target.kind in ("category", "boolean", "text") else "regression"

    def _names_rows(self, column: Column) -> bool:
        facts, word = self._of(column.name), column.name.lower()
        unique = facts.distinct == self.facts.rows and not facts.nulls and column.kind in ("integer", "category")
        named = word in ("id", "key", "uuid") or word.endswith(("_id", "id", "_key", "number"))
        return unique and (named or column.kind == "category")

    def _useless(self, column: Column) -> str:
        facts = self._of(column.name)
        if column.name in (self.id, self.time):
            return ""
        if facts.distinct <= 1:
            return "one value"
        many = column.kind == "category" and facts.distinct > max(0.5 * self.facts.rows, FEW)
        return "nearly every row has its own" if many else ""

    def _reader(self) -> str:
        return "read.parquet" if self.path.endswith((".parquet", ".pq")) else "read.csv"

    def _binary(self) -> bool:
        return self.task == "classification" and len(self.counts) == 2

    def _positive(self) -> tuple[bool | int | float | str, str] | None:
        """The class that scores are about, and why."""
        labels = sorted(self.counts, key=str)
        if self.named is not None:
            return self._asked(self.named, {class_name(label): label for label in labels}), ""
        if not self._binary():
            return None
        if tuple(labels) in SELF_EVIDENT:
            return labels[1], ""
        return min(labels, key=lambda label: (self.counts[label], class_name(label))), "the rarer of the two"

    def _asked(self, name: str, labels: dict[str, bool | int | float | str]) -> bool | int | float | str:
        if not self._binary():
            found = f"{self.target.name!r} has no two classes to choose the positive one of"
            raise BadTarget(found, who="--positive", way_out="Leave --positive out")
        if name not in labels:
            raise BadTarget(
                f"{self.target.name!r} is never {name!r}", who="--positive", way_out=did_you_mean(name, labels)
            )
        return labels[name]

    def _share(self) -> float:
        found = self._positive()
        return self.counts[found[0]] / max(sum(self.counts.values()), 1) if found else 1.0

    def _target(self) -> Iterator[str]:
        entry: dict[str, bool | int | float | str] = {"column": self.target.name}
        found = self._positive()
        if found:
            entry["positive"] = found[0]
        why = f"   # positive: {found[1]}" if found and found[1] else ""
        yield f"target: {flow(entry)}{why}"
        yield "# When the truth comes late, say how late: target: {…, known_after: 30d}"

    def _roles(self) -> Iterator[str]:
        roles: dict[str, str | list[str]] = {}
        if self.id:
            roles["id"] = self.id
        if self.time:
            roles["time"] = self.time
        if self.ignored:
            roles["ignore"] = list(self.ignored)
        for name, why in self.ignored.items():
            yield f"# {flow(name)} is ignored: {why}"
        yield f"roles: {flow(roles)}   # also: group, weight, sensitive"

    def _rules(self) -> Iterator[str]:
        ranged = [c for c in self._features() if c.kind in NUMERIC and self._of(c.name).low is not None]
        if not 0 < len(ranged) <= RULES:
            return
        yield "  - use: check.rules     # the ranges seen; `else: stop` refuses a request that breaks one"
        yield "    columns:"
        for column in ranged:
            facts = self._of(column.name)
            rule = {"min": facts.low, "max": facts.high, "else": "warn"}
            yield f"      {flow(column.name)}: {flow(rule)}"

    def _compare(self) -> Iterator[str]:
        linear = "logistic_regression" if self.task == "classification" else "ridge"
        yield "  - use: evaluate.compare   # model.baseline is always among them"
        yield f"    candidates: [model.{linear}, model.random_forest, model.lightgbm]"
        kind = "time" if self.time else "stratified" if self.task == "classification" else "kfold"
        yield f"    split: {{kind: {kind}, folds: 5, holdout: {{share: 0.2}}}}"
        yield f"    choose: {self._metric()}"
        if self._binary():
            yield "  - {use: decide.threshold, maximise: f1}"

    def _metric(self) -> str:
        if self.task == "regression":
            return "rmse"
        if not self._binary():
            return "log_loss"
        return "average_precision   # because the positive class is rare" if self._share() < RARE else "roc_auc"

    def _live(self) -> Iterator[str]:
        yield "live:"
        yield "  - {use: deploy.service, log: {keep: 180d}}"
        yield "  - {id: drift, use: monitor.drift, window: 1d, false_alarms: 1 per 90d}"
        yield "  - {id: quality, use: monitor.performance, labels: http}"
        yield "  - use: retrain.when"
        yield "    any: {drift: drifted, quality: worse}"
        yield "    at_most: 1 per 7d"
        yield "    promote: by_person   # by_gate promotes by itself what is better beyond doubt"
