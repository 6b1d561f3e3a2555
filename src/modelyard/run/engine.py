"""A run from the first row to a registered, signed package; killed at any moment, the same call goes on.

What was finished is found again: pieces of the comparison in the cache, the package by its digest (a run of the same
file over the same rows keeps its name and its time of birth, so it makes the same package), the run itself in the
metadata.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors.project import BadPlan
from modelyard.measure.metrics import Metric
from modelyard.package.keys import PrivateKey
from modelyard.project.plan import Candidate, Plan
from modelyard.run.cache import Cache, array_key, table_key
from modelyard.run.data import Data, known_after, read_data
from modelyard.run.engines import inline
from modelyard.run.engines.local import Local
from modelyard.run.events import Finished, Progress, Started, Stream
from modelyard.run.events import Standing as Standing_
from modelyard.run.kept import Kept
from modelyard.run.learn import libraries
from modelyard.run.recipe import recipe
from modelyard.run.refit import Birth, Refitted, refit
from modelyard.run.result import Packaged, Result
from modelyard.run.split import Frame, Parts, part
from modelyard.run.standing import Choice, Entry, choose, deciding, judge, shown
from modelyard.run.unfold import unfold
from modelyard.run.work import FoldScores, Piece, Setting, finished, pieces
from modelyard.store.metadata import Metadata
from modelyard.store.packages import add_package
from modelyard.store.place import Store
from modelyard.store.records import end_run, read_runs, start_run
from modelyard.store.versions import champion, find, promote, register

SMALL = 300_000
"""Rows times pieces up to which worker processes cost more than they give …"""
SMALL_CELLS = 15_000_000
"""… if their columns are few: rows times pieces times columns up to which they do. Of 5,000 columns 2,000 rows are
work for all cores."""
Perform = Callable[[Sequence[Piece], Data, Setting, Cache], Iterator[tuple[Piece, FoldScores]]]


def run(
    plan: Plan,
    store: Store,
    metadata: Metadata,
    *,
    now: int,
    cores: int | None = None,
    stream: Stream | None = None,
    project: str = "",
    afresh: bool = False,
) -> Result:
    """Compare, choose, refit, prove, package, register; the first version of its name becomes the champion.

    `now`: µs since 1970 UTC. `project`: digest of the project file. `afresh`: even if the same run ended before.
    Raises what reading, learning and proving raise; NothingToCompare when no candidate learned."""
    began = time.perf_counter()
    events = stream or Stream()
    data = read_data(plan, now=now, kept=Kept(store))
    work = Comparing.of(plan, data, cores or os.cpu_count() or 1, store)
    name = work.name(project)
    with metadata.begin() as sql:
        before = next((one for one in read_runs(sql) if one.id == name), None)
        started = start_run(sql, name, now, {"project": plan.project.name})
    if before is not None and before.status == "done" and not afresh:
        found = _again(msgspec.convert(before.document, Result), plan, metadata, began)
        return replace(found, quality=data.quality, sources=data.sources, warnings=_said(found, plan, data))
    events.emit(Started(run=name, name=plan.project.name, rows=len(data), candidates=work.names, folds=work.folds))
    choice, answers = work.compare(events, name)
    birth = Birth(created=started.started, run=name, project=project, metrics=_told(choice))
    made = work.refit(choice.winner, answers[choice.winner], birth, events)
    packaged = _register(plan, store, metadata, made, now, name)
    result = work.result(name, choice, made, packaged, time.perf_counter() - began)
    with metadata.begin() as sql:
        end_run(sql, name, now, "done", msgspec.to_builtins(result))
    events.emit(Finished(run=name, winner=result.winner, package=packaged.digest, seconds=result.seconds))
    return result


class Comparing(Struct, frozen=True, kw_only=True, eq=False):
    """A plan with its rows parted: what can be compared and refitted."""

    plan: Plan
    data: Data
    parts: Parts
    setting: Setting
    cache: Cache
    cores: int
    made: tuple[Piece, ...]
    """Every candidate on every fold, fold by fold: what names the run and what is done in it."""

    @classmethod
    def of(cls, plan: Plan, data: Data, cores: int, store: Store, parts: Parts | None = None) -> Comparing:
        ctx = replace(plan.context, outcome=data.outcome, seed=plan.project.seed, cores=cores)
        setting = Setting(data=_digest(data), context=ctx, transform=plan.project.target.transform)
        parts = parts or part(frame_of(plan, data), plan.comparison.split, plan.gap, plan.project.seed)
        return cls(
            plan=plan,
            data=data,
            parts=parts,
            made=pieces([recipe(plan, one) for one in plan.candidates], parts.folds, setting),
            setting=setting,
            cache=Cache(store.cache / "results"),
            cores=cores,
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(candidate.name for candidate in self.plan.candidates)

    @property
    def folds(self) -> int:
        return len(self.parts.folds)

    def name(self, project: str) -> str:
        """Of the run: the same for the same file, rows, steps and library versions."""
        keys = [one.key for one in self.made]
        parts = [project, self.setting.data, keys, libraries(), array_key(self.parts.holdout)]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]

    def candidate(self, name: str) -> Candidate:
        found = next((one for one in self.plan.candidates if one.name == name), None)
        if found is None:
            raise BadPlan(f"there is no candidate {name!r}", who="evaluate.compare")
        return found

    def pieces(self, candidates: Sequence[Candidate]) -> list[Piece]:
        """Those of some candidates, fold by fold."""
        names = {one.name for one in candidates}
        return [one for one in self.made if one.recipe.name in names]

    def answers(self, candidates: Sequence[Candidate], events: Stream, name: str) -> dict[str, tuple[FoldScores, ...]]:
        """Candidate -> its answers fold by fold: from the cache, else learned."""
        pieces = self.pieces(candidates)
        done = {one.key: found for one in pieces if (found := finished(one, self.cache)) is not None}
        todo = [one for one in pieces if one.key not in done]
        cached = len(done)
        events.emit(Progress(run=name, step="learn", done=cached, total=len(pieces), cached=cached))
        for one, scores in self._engine(todo)(todo, self.data, self.setting, self.cache):
            done[one.key] = scores
            events.emit(Progress(run=name, step="learn", done=len(done), total=len(pieces), cached=cached))
            self._tell(one, pieces, done, events, name)
        return {
            each.name: tuple(done[one.key] for one in pieces if one.recipe.name == each.name) for each in candidates
        }

    def compare(self, events: Stream, name: str) -> tuple[Choice, dict[str, tuple[FoldScores, ...]]]:
        answers = self.answers(self.plan.candidates, events, name)
        entries = [Entry(name=one.name, kind=one.model.kind, folds=answers[one.name]) for one in self.plan.candidates]
        metric = self.metric
        return choose(entries, self.parts.folds, self.data, metric, self.metrics), answers

    @property
    def metric(self) -> Metric:
        return deciding(self.plan.comparison, self.data)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return shown(self.plan.comparison, self.data, self.metric)

    def refit(self, name: str, answers: Sequence[FoldScores], birth: Birth, events: Stream) -> Refitted:
        events.emit(Progress(run=birth.run, step="refit", done=0, total=1))
        made = refit(
            self.plan,
            recipe(self.plan, self.candidate(name)),
            self.data,
            self.parts,
            unfold(self.parts.folds, answers, len(self.data)),
            self.setting,
            self.metrics,
            birth,
        )
        events.emit(Progress(run=birth.run, step="refit", done=1, total=1))
        return made

    def result(self, name: str, choice: Choice, made: Refitted, packaged: Packaged, seconds: float) -> Result:
        parts = self.parts
        return Result(
            run=name,
            rows=len(self.data),
            unlabelled=parts.unlabelled + parts.timeless,
            young=parts.young,
            in_gap=parts.in_gap,
            development=len(parts.development),
            held_out=len(parts.holdout),
            split=parts.kind,
            metric=self.metric.name,
            greater_is_better=self.metric.greater_is_better,
            candidates=choice.standings,
            winner=choice.winner,
            why=choice.why,
            holdout=made.holdout,
            slices=made.slices,
            apart=made.apart,
            parity=made.parity,
            package=packaged,
            seconds=seconds,
            warnings=(*self.data.warnings, *choice.warnings),
            quality=self.data.quality,
            sources=self.data.sources,
        )

    def _engine(self, todo: Sequence[Piece]) -> Perform:
        workers = min(self.cores, len(todo))
        if workers < 2 or _small(todo):
            return inline.work
        return Local(workers, self.cores, self.cache.folder.parent / "rows").work

    def _tell(
        self, one: Piece, pieces: Sequence[Piece], done: dict[str, FoldScores], events: Stream, name: str
    ) -> None:
        """The standing of a candidate all of whose folds are there."""
        own = [each for each in pieces if each.recipe.name == one.recipe.name]
        if any(each.key not in done or done[each.key].error for each in own):
            return
        scores = [self.metric(judge(each.rows, done[each.key], self.data)) for each in own]
        events.emit(Standing_(run=name, candidate=one.recipe.name, folds=tuple(scores)))


def _small(todo: Sequence[Piece]) -> bool:
    rows = sum(len(one.rows.train) for one in todo)
    cells = sum(len(one.rows.train) * len(one.recipe.inputs) for one in todo)
    return rows < SMALL and cells < SMALL_CELLS


def frame_of(plan: Plan, data: Data) -> Frame:
    """What splitting looks at."""
    return Frame(
        y=data.y,
        time=data.time,
        group=data.group,
        classes=data.outcome.task == "classification",
        known_after=known_after(plan),
    )


def _digest(data: Data) -> str:
    parts = [table_key(data.table), array_key(data.y), msgspec.to_builtins(data.outcome)]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _register(plan: Plan, store: Store, metadata: Metadata, made: Refitted, now: int, run: str) -> Packaged:
    name = plan.project.name
    digest = add_package(store, made.model, PrivateKey.ensure(store.keys))
    with metadata.begin() as sql:
        told = {**made.model.evidence.holdout, "input": made.model.evidence.lineage.input}
        document = msgspec.json.encode(told).decode()
        version = register(sql, name, digest, made.model.created, run, document)
        serving = champion(sql, name)
    if serving is None:
        promote(metadata, store, name, version.version, 0, at=now, actor="run", reason="the first version")
    return Packaged(
        name=name, version=version.version, digest=digest, serving=serving is None or serving[0].digest == digest
    )


def _again(result: Result, plan: Plan, metadata: Metadata, began: float) -> Result:
    """The same run ended before: what it found, and whether its package serves now."""
    with metadata.begin() as sql:
        serving = champion(sql, plan.project.name)
        there = find(sql, plan.project.name, digest=result.package.digest)
    if there is None:
        raise BadPlan("the run ended before, but its package is no longer registered", way_out="Run with --afresh")
    now = serving is not None and serving[0].digest == result.package.digest
    return replace(result, package=replace(result.package, serving=now), seconds=time.perf_counter() - began)


def _said(before: Result, plan: Plan, data: Data) -> tuple[str, ...]:
    """What was said of the comparison then, and of the rows now: the same rows, but their source may have moved."""
    of_rows = tuple(f"{node.id}: " for node in plan.tables)
    return (*data.warnings, *(word for word in before.warnings if not word.startswith(of_rows)))


def _told(choice: Choice) -> dict[str, object]:
    return {"candidates": msgspec.to_builtins(choice.standings), "winner": choice.winner, "why": choice.why}
