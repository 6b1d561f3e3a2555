"""One candidate learned again from the rows of now: what stands against the model that serves.

It learns from everything that it is given, for its test is still to come: the gate judges it on later rows, which
neither it nor the champion saw. Its threshold and its watching come from out-of-fold scores, as in any run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors.project import BadPlan
from modelyard.package.keys import PrivateKey
from modelyard.package.model import Model
from modelyard.project.plan import BASELINE, Plan
from modelyard.run.data import Data, read_data
from modelyard.run.engine import Comparing, frame_of
from modelyard.run.events import Stream
from modelyard.run.kept import Kept
from modelyard.run.refit import Birth, Refitted
from modelyard.run.split import part
from modelyard.schema.pin import Window
from modelyard.store.packages import add_package
from modelyard.store.place import Store

if TYPE_CHECKING:
    from polars import DataFrame


class Order(Struct, frozen=True, kw_only=True):
    """What to learn from: the source's rows unless `source` is false, with event times in [since, until), µs."""

    run: str
    created: int
    parent: str
    """Digest of the champion."""
    until: int | None = None
    since: int | None = None
    source: bool = True
    readings: dict[str, str] = {}
    """Of sources with a cursor what was read for this run; others are read on."""


def challenger(
    plan: Plan, champion: Model, store: Store, order: Order, extra: DataFrame | None = None, *,
    cores: int = 1, stream: Stream | None = None,
) -> tuple[str, Refitted]:  # fmt: skip
    """The digest of the new package, which lies in the store and serves nobody yet. `extra`: labelled rows of the log
    in the columns of the source. The same order over the same rows gives the same package.

    Raises NoRows, BadPlan (the champion's candidate is no longer in the file), NotEqual …"""
    name = candidate_of(plan, champion)
    alone = tuple(one for one in plan.candidates if one.name == name)
    whole = replace(plan, candidates=alone, comparison=replace(plan.comparison, refit="all"))
    kept = Kept(store)
    data = _within(read_data(whole, extra, champion.outcome, order.source, kept=kept, readings=order.readings), order)
    frame = replace(frame_of(whole, data), known_after=0)
    parts = part(frame, whole.comparison.split, whole.gap, whole.project.seed)
    work = Comparing.of(whole, data, cores, store, parts)
    events = stream or Stream()
    answers = work.answers(whole.candidates, events, order.run)[name]
    failed = next((one.error for one in answers if one.error), "")
    if failed:
        raise BadPlan(f"{name} could not learn again: {failed}", who="retrain.when")
    log = None if extra is None else _window(extra, order)
    birth = Birth(created=order.created, run=order.run, parent=order.parent, log=log, metrics={"winner": name})
    made = work.refit(name, answers, birth, events)
    return add_package(store, made.model, PrivateKey.ensure(store.keys)), made


def _window(extra: DataFrame, order: Order) -> Window:
    from modelyard.frame.digest import digest

    return Window(since=order.since, until=order.until, rows=extra.height, digest=digest(extra))


def candidate_of(plan: Plan, champion: Model) -> str:
    """The candidate that the champion was, else the file's first after the baseline."""
    named = champion.evidence.metrics.get("winner")
    names = [one.name for one in plan.candidates if one.model.kind != BASELINE]
    if named in [one.name for one in plan.candidates]:
        return str(named)
    if not names:
        raise BadPlan("there is no model to learn again", who="retrain.when")
    return names[0]


def _within(data: Data, order: Order) -> Data:
    """Rows outside of the order's times lose their label, so nothing learns from them."""
    if data.time is None:
        return data
    inside = ~np.isnan(data.time)
    if order.until is not None:
        inside &= data.time < order.until
    if order.since is not None:
        inside &= data.time >= order.since
    return replace(data, y=np.where(inside, data.y, np.nan))
