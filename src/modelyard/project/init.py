"""The first project file of a table: guessed, commented, and running as it is.

Pure: a schema and a few facts in, text out. Every guess is a line with its reason beside it, to be changed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelyard.errors import did_you_mean
from modelyard.errors.data import BadTarget
from modelyard.measure.doubts import percent
from modelyard.project.first_rules import first_rules
from modelyard.project.guess import FEW, ColumnFacts, Facts, guess, task_of
from modelyard.project.outcome import SELF_EVIDENT, class_name
from modelyard.project.prepare import MOST_WORDS
from modelyard.project.write import flow
from modelyard.schema.column import NUMERIC
from modelyard.schema.schema import Schema
from modelyard.schema.target import Task

__all__ = ["FEW", "ColumnFacts", "Facts", "init_file"]

Reading = Mapping[str, str | list[str] | dict[str, str]]
RARE = 0.1
WIDE = 1_000
"""Columns from which boosted trees look at 63 bins of a number: as good as 255, in a quarter of the time."""
FOLDS = 5
TOLD = 300
"""Letters of a reason: evidence may quote the table."""


def init_file(
    name: str,
    schema: Schema,
    target: str,
    facts: Facts,
    path: str,
    task: Task | None = None,
    positive: str | None = None,
    reading: Reading | None = None,
    kind: str | None = None,
    connection: Mapping[str, object] | None = None,
) -> str:
    """The text of modelyard.yaml. `positive`: the class that scores are about, as text. `reading`: parameters of the
    read step besides its path; `kind`: which one it is, by default by the path's end; `connection`: the entry that it
    reads through. Raises MissingColumn for a target that is not there, BadTarget for a class that is not, and where
    there is nothing to learn: a number that is always the same, no column beside it that says anything."""
    kind = kind or ("read.parquet" if path.endswith((".parquet", ".pq")) else "read.csv")
    read = {"use": kind, **({"path": path} if path else {}), **(reading or {})}
    return "\n".join(_File(name, schema, target, facts, task, positive, read, connection).lines()) + "\n"


class _File:
    def __init__(
        self,
        name: str,
        schema: Schema,
        target: str,
        facts: Facts,
        task: Task | None,
        positive: str | None,
        read: Reading,
        connection: Mapping[str, object] | None,
    ) -> None:
        self.name, self.schema, self.facts, self.connection = name, schema, facts, connection
        self.target = schema[target]
        self.task: Task = task or task_of(self.target.kind, facts.of(target).distinct, facts.rows)
        self.counts = dict(facts.of(target).counts)
        self.named, self.read = positive, read
        self.guess = guess(schema, target, facts)
        if self.task == "regression" and facts.of(target).distinct < 2:
            found = f"{target!r} holds {facts.of(target).distinct} value(s): there is nothing to learn"
            raise BadTarget(found, who="--target", way_out="Name another column, or a table with more rows")
        if not self.guess.taught:
            left_out = "; ".join(f"{name}: {why}" for name, why in self.guess.ignored.items())
            found = f"no column beside {target!r} says anything{': ' * bool(left_out)}{_plain(left_out)}"
            raise BadTarget(found, who="init", way_out="Name a table with more rows or columns")

    def lines(self) -> Iterator[str]:
        yield "# Written by `modelyard init`. It runs as it is; every line may be changed. `modelyard check` explains."
        yield "modelyard: 1"
        yield f"name: {flow(self.name)}"
        yield f"task: {self.task}"
        yield from self._target()
        yield from self._roles()
        yield "timezone: UTC          # what a time without a zone means"
        if self.connection:
            yield "connections:"
            yield f"  - {flow(self.connection)}"
        yield "steps:"
        if "columns" in self.read:
            yield "  # Columns that no step knows (lists, structs) are left out by `columns:`."
        yield f"  - {flow(self.read)}"
        yield from self._duplicates()
        yield from first_rules(self.schema, self.guess, self.facts)
        yield from self._dates()
        if self._gaps():
            yield "  - {use: clean.impute, columns: numeric, strategy: median, flag: true}"
        yield from self._texts()
        yield from self._compare()
        yield from self._live()

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
        found = self.guess
        named = {"id": found.id, "time": found.time, "group": found.group}
        roles: dict[str, str | list[str]] = {role: name for role, name in named.items() if name}
        if found.ignored:
            roles["ignore"] = list(found.ignored)
        for name, why in found.ignored.items():
            yield f"# {flow(name)} is ignored: {_plain(why)}"
        if found.group:
            yield f"# {flow(found.group)} groups rows: those of one group never stand on both sides of a split"
        yield f"roles: {flow(roles)}   # also: weight, sensitive"

    def _duplicates(self) -> Iterator[str]:
        for doubt in self.facts.doubts:
            if doubt.kind == "duplicate_rows":
                yield f"  # {_plain(doubt.evidence)}."
                yield "  # Where copies are mistakes, put here: {use: table.drop_duplicates}"

    def _dates(self) -> Iterator[str]:
        """A model reads no moment; it reads the hour, the weekday and the month of it. Of the time that rows go by it
        reads no month: what is held out is a month that it never saw."""
        made = [self._parts(name) for name in self.guess.dates]
        for place, parts in enumerate(sorted(set(made))):
            names = [name for name, its in zip(self.guess.dates, made, strict=True) if its == parts]
            step = {"use": "derive.date_parts", "columns": names, "parts": list(parts)}
            yield f"  - {flow(step if len(set(made)) == 1 else {'id': f'dates_{place + 1}', **step})}"

    def _parts(self, name: str) -> tuple[str, ...]:
        clock = ("weekday", "day") if self.facts.of(name).days else ("hour", "weekday")
        return clock if name == self.guess.time else (*clock, "month")

    def _gaps(self) -> bool:
        """Whether a column of numbers has gaps: one of the table, or one made of a date that has."""
        numbers = [column.name for column in self.guess.features if column.kind in NUMERIC]
        return any(self.facts.of(name).nulls for name in (*numbers, *self.guess.dates))

    def _texts(self) -> Iterator[str]:
        if self.guess.texts:
            step = {"use": "encode.text_tfidf", "columns": list(self.guess.texts), "max_features": MOST_WORDS}
            yield "  # Somebody's words: the commonest as columns. What names a person belongs in roles: {ignore: …}"
            yield f"  - {flow(step)}"

    def _compare(self) -> Iterator[str]:
        linear = "logistic_regression" if self.task == "classification" else "ridge"
        yield "  - use: evaluate.compare   # model.baseline is always among them"
        wide = len(self.guess.features) >= WIDE
        boosted = "{use: model.lightgbm, bins: 63}" if wide else "model.lightgbm"
        why = f"   # 63 bins, not 255: {len(self.guess.features):,} columns" if wide else ""
        yield f"    candidates: [model.{linear}, model.random_forest, {boosted}]{why}"
        yield f"    split: {{kind: {self._split()}, folds: {self._folds()}, holdout: {{share: 0.2}}}}"
        yield f"    choose: {self._metric()}"
        if self._binary():
            yield "  - {use: decide.threshold, maximise: f1}"

    def _split(self) -> str:
        if self.guess.time:
            return "time"
        if self.guess.group:
            return "group"
        return "stratified" if self.task == "classification" else "kfold"

    def _folds(self) -> int:
        """As many as the rarest class fills, after a fifth of its rows is held out."""
        least = min(self.counts.values(), default=self.facts.rows) if self.task == "classification" else self.facts.rows
        return max(min(FOLDS, least * 4 // 5), 2)

    def _metric(self) -> str:
        if self.task == "regression":
            return "rmse"
        if not self._binary():
            return "log_loss"
        if self._share() >= RARE:
            return "roc_auc"
        return f"average_precision   # because only {percent(self._share())} of the rows are positive"

    def _live(self) -> Iterator[str]:
        yield "live:"
        yield "  - {use: deploy.service, log: {keep: 180d}}"
        yield "  - {id: drift, use: monitor.drift, window: 1d, false_alarms: 1 per 90d}"
        yield "  - {id: quality, use: monitor.performance, labels: http}"
        yield "  - use: retrain.when"
        yield "    any: {drift: drifted, quality: worse}"
        yield "    at_most: 1 per 7d"
        yield "    promote: by_person   # by_gate promotes by itself what is better beyond doubt"


def _plain(text: str) -> str:
    """Text of a comment: one line, nothing that ends it."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= TOLD else plain[: TOLD - 1] + "…"
