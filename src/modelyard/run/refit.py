"""The chosen candidate learned once more, on all rows before the holdout; proved, measured once, made a Model.

Learned afresh whatever the cache holds: the proof needs the libraries' own objects, which are never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from modelyard.measure.intervals import Interval, bootstrap
from modelyard.measure.metrics import Judged, Metric, judged
from modelyard.measure.profile import DAY, Profile
from modelyard.package.model import Evidence, Lineage, Model, Monitors, Parity
from modelyard.package.parity import prove, record
from modelyard.project.plan import Plan
from modelyard.rows.table import Floats
from modelyard.run.cache import array_key
from modelyard.run.data import Data
from modelyard.run.learn import Chain, Memory, Recipe, learn, libraries, root_key
from modelyard.run.oracle import library_scores
from modelyard.run.reference import Unseen, Watching, reference
from modelyard.run.result import Slice
from modelyard.run.slices import slice_columns, sliced
from modelyard.run.split import Parts, Rows
from modelyard.run.target import undone
from modelyard.run.unfold import Unfolded, decided, decisions
from modelyard.run.work import Setting, batch
from modelyard.schema.pin import Input, Window
from modelyard.scoring.engine import Scorer
from modelyard.scoring.program import Program
from modelyard.step.fitted import Fitted, Learned
from modelyard.step.intake import take_in
from modelyard.step.step import Learns

REPLAYED = 200
"""Rows in a package whose answers are replayed at load."""


class Birth(Struct, frozen=True, kw_only=True):
    """What a model is told of where it comes from. `created`: µs."""

    created: int
    run: str = ""
    project: str = ""
    parent: str = ""
    log: Window | None = None
    """The rows of the log that are among those learned from."""
    metrics: dict[str, Any] = {}


class Refitted(Struct, frozen=True, kw_only=True, eq=False):
    """`holdout`: metric -> value and interval, on rows that nothing learned from. `apart`: the steps, by id, whose
    training rows differ from what they answer (cross-fitted, weighted or sampled)."""

    model: Model
    parity: Parity
    holdout: dict[str, Interval]
    slices: tuple[Slice, ...] = ()
    apart: tuple[str, ...] = ()


def refit(
    plan: Plan,
    recipe: Recipe,
    data: Data,
    parts: Parts,
    unfolded: Unfolded,
    setting: Setting,
    metrics: Sequence[Metric],
    birth: Birth,
) -> Refitted:
    """Raises NotEqual when the program answers otherwise than the libraries, and then there is no model."""
    cuts = decided(
        [node.step for node in plan.decide if isinstance(node.step, Learns)], unfolded, data, setting.context
    )
    learned, program = _learned(recipe, data, parts.development, setting, cuts)
    truth, days = _truth(program, data, parts.holdout)
    holdout = {metric.name: bootstrap(metric, truth, days) for metric in metrics}
    columns = {name: data.table.vector(name).take(parts.holdout) for name in slice_columns(plan)}
    slices = sliced(plan, columns, truth, days, metrics[0])
    rows = parts.development
    if plan.comparison.refit == "all":
        rows = parts.usable
        learned, program = _learned(recipe, data, rows, setting, cuts)
    parity = _proved(learned, recipe, program, cuts, data, parts.holdout, setting)
    profile, monitors = _watched(plan, program, data, rows, _unseen(data, unfolded, cuts))
    evidence = Evidence(
        metrics=birth.metrics,
        parity=parity,
        holdout=_told(holdout, slices, parts, plan),
        lineage=_lineage(birth, {plan.output: setting.data}, setting, input_of(plan, data, setting, birth)),
    )
    model = Model(
        name=plan.project.name,
        program=program,
        outcome=data.outcome,
        created=birth.created,
        label=plan.label,
        profile=profile,
        monitors=monitors,
        parity=record(program, take_in(data.table.take(_some(parts.holdout)), program.takes)),
        evidence=evidence,
    )
    apart = tuple(link.id for link, one in zip(recipe.links, learned.fitted, strict=True) if one.train is not None)
    return Refitted(model=model, parity=parity, holdout=holdout, slices=slices, apart=apart)


def _watched(plan: Plan, program: Program, data: Data, rows: Rows, unseen: Unseen) -> tuple[Profile, Monitors]:
    """What watching needs: of the rows that it learned from, in the columns that it reads."""
    time = None if data.time is None else data.time[rows]
    table = take_in(data.table.take(rows), program.takes)
    daily = _daily(time)
    asked = Watching.of(plan.live)
    return reference(table, time, unseen, data.outcome, asked, daily=daily, seed=plan.project.seed)


def input_of(plan: Plan, data: Data, setting: Setting, birth: Birth) -> Input:
    """What was learned from, pinned."""
    return Input(
        digest=setting.data,
        rows=len(data),
        columns={column.name: column.kind for column in plan.schema},
        sources=data.sources,
        log=birth.log,
    )


def _lineage(birth: Birth, sources: dict[str, str], setting: Setting, read: Input) -> Lineage:
    return Lineage(
        run=birth.run,
        project=birth.project,
        data=sources,
        parent=birth.parent,
        libraries=libraries(),
        seed=setting.context.seed,
        input=read,
    )


def _learned(
    recipe: Recipe, data: Data, rows: Rows, setting: Setting, cuts: Sequence[Learned]
) -> tuple[Chain, Program]:
    root = root_key(setting.data, array_key(rows), recipe.inputs, setting.context)
    taught = batch(data, rows, recipe, setting)
    chain = learn(recipe, taught, root, setting.context, Memory(None), afresh=True)
    more = [one.learned for one in _after(setting)]
    return chain, chain.program(setting.context, *more, *cuts)


def _after(setting: Setting) -> tuple[Fitted, ...]:
    return () if setting.transform is None else (undone(setting.transform),)


def _truth(program: Program, data: Data, rows: Rows) -> tuple[Judged, Floats | None]:
    """The rows as the program answers them, and their days."""
    answers = Scorer(program).table(take_in(data.table.take(rows), program.takes))
    weight = None if data.weight is None else data.weight[rows]
    days = None if data.time is None else np.floor(data.time[rows] / DAY)
    return judged(data.y[rows], answers.scores, answers.prediction, data.outcome, weight), days


def _proved(
    chain: Chain, recipe: Recipe, program: Program, cuts: Sequence[Learned], data: Data, rows: Rows, setting: Setting
) -> Parity:
    """Every row of the holdout against the libraries."""
    table = data.table.take(rows)
    scores = library_scores(chain, recipe.drops, _after(setting), take_in(table, chain.takes))
    labels = decisions(scores, cuts, data.outcome) if data.outcome.task == "classification" else None
    return prove(program, Scorer(program).inputs(take_in(table, program.takes)), scores, labels)


def _unseen(data: Data, unfolded: Unfolded, cuts: Sequence[Learned]) -> Unseen:
    rows = unfolded.rows
    prediction = (
        decisions(unfolded.scores, cuts, data.outcome)
        if data.outcome.task == "classification"
        else unfolded.scores[:, 0]
    )
    time = None if data.time is None else data.time[rows]
    return Unseen(data.y[rows], unfolded.scores, prediction, time)


def _daily(time: Floats | None) -> float | None:
    """Rows in a usual day."""
    if time is None:
        return None
    _, counts = np.unique(np.floor(time / DAY), return_counts=True)
    return float(np.median(counts))


def _some(rows: Rows) -> Rows:
    """Evenly over the holdout."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, REPLAYED).astype(np.intp))]


def _told(holdout: dict[str, Interval], slices: tuple[Slice, ...], parts: Parts, plan: Plan) -> dict[str, Any]:
    return {
        "rows": len(parts.holdout),
        "metrics": {name: msgspec.to_builtins(interval) for name, interval in holdout.items()},
        "slices": msgspec.to_builtins(slices),
        "estimate": plan.comparison.refit == "all",
    }
