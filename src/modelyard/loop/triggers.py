"""When to retrain: verdicts of monitors, the calendar, new labels; no oftener than `at_most`; never on a broken feed.

All in event time. A decision and its trigger are one transaction, and the trigger's key counts the runs of the model,
so that whatever sees a reason at once starts one run, and a reason that was acted on is not acted on again.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from modelyard.loop.bound import FEWEST_DAYS
from modelyard.loop.policy import DAY, Policy
from modelyard.loop.rows import count_labelled
from modelyard.loop.watch import Standing
from modelyard.loop.watermark import first_event
from modelyard.loop.window import Window, learned_until, window
from modelyard.store.place import Store
from modelyard.store.records import Record, Trigger, read_records, read_triggers, record, trigger
from modelyard.store.versions import Version


class Now(Struct, frozen=True, kw_only=True):
    """What is decided on: who serves, under which policy, at which event time (the watermark, microseconds)."""

    store: Store
    policy: Policy
    champion: Version
    revision: int
    """Of the alias: whoever promotes later names it."""
    at: int
    standing: Standing | None = None
    """What the monitors say still; without it only what they last said counts."""


class Cause(Struct, frozen=True, kw_only=True):
    """What asks for a retraining. `refused`: why it nevertheless does not start one, empty where it does."""

    name: str
    """`drift`, `every`, `new_labels`, `by hand` …"""
    reason: str
    refused: str = ""


class Started(Struct, frozen=True, kw_only=True):
    """What a trigger's row holds: all that the run needs to be the same run again after a crash."""

    cause: str
    reason: str
    champion: str
    """Digest."""
    revision: int
    start: int
    end: int
    until: int


class Fired(Struct, frozen=True, kw_only=True):
    run: str
    new: bool
    """False: somebody else started this run at the same moment."""
    cause: Cause


def fire(sql: Connection, now: Now) -> Fired | None:
    """Start a run in the metadata, if there is a reason and nothing speaks against it; else write down what was refused
    and why, once for as long as it is the same."""
    model = now.champion.model
    before = read_triggers(sql, model)
    found = causes(sql, now, before)
    wanted = [cause for cause in found if not cause.refused]
    seen = window(sql, now.champion, now.policy, now.at)
    block = blocked(sql, now) or too_often(now, before) or too_short(seen) if found else ""
    if wanted and not block:
        return start(sql, now, wanted[0], before, seen)
    for cause in found:
        why = block or cause.refused
        document = {"retrain": False, "cause": cause.name, "reason": f"{cause.reason}; not retrained: {why}"}
        record(sql, "decision", model, now.at, document, key=f"refused:{len(before)}:{_spell(cause, why)}")
    return None


def by_hand(sql: Connection, now: Now, reason: str) -> Fired:
    """`modelyard retrain`: no limit but that of one run per key."""
    before = read_triggers(sql, now.champion.model)
    seen = window(sql, now.champion, now.policy, now.at)
    return start(sql, now, Cause(name="by hand", reason=reason), before, seen)


def start(sql: Connection, now: Now, cause: Cause, before: list[Trigger], seen: Window | None) -> Fired:
    """The run of this cause, or the one that somebody started first."""
    model, key = now.champion.model, f"{now.champion.model}#{len(before) + 1}"
    name = "retrain-" + hashlib.sha256(key.encode()).hexdigest()[:16]
    judged = seen or Window(now.at, now.at, now.at)
    told = Started(
        cause=cause.name,
        reason=cause.reason,
        champion=now.champion.digest,
        revision=now.revision,
        start=judged.start,
        end=judged.end,
        until=judged.until,
    )
    run, new = trigger(sql, key, model, now.at, name, msgspec.to_builtins(told))
    document = {"retrain": True, "run": run, "cause": cause.name, "reason": cause.reason}
    record(sql, "decision", model, now.at, document, key=f"fired:{key}")
    return Fired(run=run, new=new, cause=cause)


def causes(sql: Connection, now: Now, before: list[Trigger]) -> list[Cause]:
    """Every reason there is now, those that are refused on their own account included."""
    policy, last = now.policy, before[-1].at if before else None
    asking = _asking(sql, now, last)
    new = _new_labels(sql, now, before) if asking or policy.new_labels is not None else 0
    found = [_spoken(one, new, policy, again=last is not None and one.at <= last) for one in asking]
    begun = last if last is not None else first_event(sql, now.champion.model)
    if policy.every is not None and begun is not None and now.at - begun >= policy.every:
        found.append(Cause(name="every", reason=f"{policy.every // DAY} days since the last training"))
    if policy.new_labels is not None and new >= policy.new_labels:
        found.append(Cause(name="new_labels", reason=f"{new:,} new labels"))
    return found


def blocked(sql: Connection, now: Now) -> str:
    """Why nothing may be learned now: the newest verdict of a monitor is `broken`, and no later window was whole. What
    `standing` says of the feed was perhaps told about the version before."""
    if now.standing is None:
        found = [one for one in _newest(sql, now.champion) if _word(one.document) == "broken" and not _healed(sql, one)]
    else:
        told = read_records(sql, "verdict", now.champion.model)
        said = {_monitor(one.document): one for one in told if _word(one.document) == "broken"}
        found = [said[monitor] for monitor in now.standing.broken if monitor in said]
    if not found:
        return ""
    document = found[0].document
    return f"{_monitor(document)} says broken: {document.get('summary', 'the feed is broken')}"


def too_often(now: Now, before: list[Trigger]) -> str:
    """Why it is too early, by `at_most`."""
    rate = now.policy.at_most
    recent = [one for one in before if one.at > now.at - rate.per]
    if len(recent) < rate.times:
        return ""
    return f"retrained {len(recent)} times within the last {rate.per / DAY:g} days, as often as `at_most` allows"


def too_short(seen: Window | None) -> str:
    """Why no gate could tell yet which model is better."""
    days = seen.days if seen else 0
    return "" if days >= FEWEST_DAYS else f"{days} labelled days that neither model saw, {FEWEST_DAYS} are needed"


def _new_labels(sql: Connection, now: Now, before: list[Trigger]) -> int:
    """Labelled rows that a challenger would learn from and that neither the champion nor the last challenger did."""
    seen = window(sql, now.champion, now.policy, now.at)
    if seen is None:
        return 0
    learned = max([learned_until(now.champion) or 0, *(int(one.document.get("until", 0)) for one in before)])
    return count_labelled(now.store, now.champion.model, learned, seen.until) if learned < seen.until else 0


def _newest(sql: Connection, champion: Version) -> list[Record]:
    """The last verdict of each monitor about this very version."""
    newest: dict[str, Record] = {}
    for one in read_records(sql, "verdict", champion.model):
        if one.document.get("package", champion.digest) == champion.digest:
            newest[_monitor(one.document)] = one
    return list(newest.values())


def _asking(sql: Connection, now: Now, last: int | None) -> list[Record]:
    """Verdicts that the policy acts on: newer than the last run, or standing still."""
    found = []
    for one in _newest(sql, now.champion):
        monitor, word = _monitor(one.document), _word(one.document)
        fresh = last is None or one.at > last
        still = now.standing is not None and now.standing.says(monitor, word)
        if now.policy.verdicts.get(monitor) == word and (fresh or still):
            found.append(one)
    return found


def _spoken(one: Record, new: int, policy: Policy, again: bool) -> Cause:
    """`again`: a verdict that was acted on already asks for as many new labels as drift does."""
    word = _word(one.document)
    wanted = 0 if policy.rows == "source" else policy.enough if word == "drifted" or again else 1
    refused = f"{new:,} new mature labels to learn from, {wanted:,} are needed" if new < wanted else ""
    summary = str(one.document.get("summary") or f"{_monitor(one.document)} says {word}")
    return Cause(name=_monitor(one.document), reason=f"{word}: {summary}", refused=refused)


def _spell(cause: Cause, why: str) -> str:
    """The same refusal day after day, whatever its numbers."""
    return hashlib.sha256(re.sub(r"[0-9.,]+", "#", f"{cause.name} {cause.reason} {why}").encode()).hexdigest()[:16]


def _healed(sql: Connection, broken: Record) -> bool:
    monitor = _monitor(broken.document)
    later = read_records(sql, "watched", broken.model, broken.at)
    return any(one.document.get("monitor") == monitor and one.at > broken.at for one in later)


def _word(document: dict[str, Any]) -> str:
    return str(document.get("verdict") or document.get("kind") or "")


def _monitor(document: dict[str, Any]) -> str:
    return str(document.get("monitor", ""))
