"""After a promotion: the version before answers the same labelled live rows, and comes back when it is better.

Looked at once an event day while `watch` lasts. Of fourteen looks one is unlucky, so each look needs a confidence that
leaves all of them together the doubt that the gate allows one.
"""

from __future__ import annotations

import msgspec

from modelyard.loop.gate import Gate, Side, gate
from modelyard.loop.judging import live_rows
from modelyard.loop.notice import Notice, Tell, say
from modelyard.loop.policy import DAY
from modelyard.loop.promote import Promotion, promotions
from modelyard.loop.rollback import rollback
from modelyard.loop.triggers import Now
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.records import find_record, record
from modelyard.store.versions import find

ACTOR = "watch"
"""Who brings a version back by itself, in the audit log."""


def watch(metadata: Metadata, now: Now, tell: Tell) -> Promotion | None:
    """One look, if one is due; the rollback that it led to."""
    watched = _watched(metadata, now)
    back = None if watched is None else _look(metadata, now, watched)
    _told(metadata, now, tell)
    return back


def _look(metadata: Metadata, now: Now, watched: Promotion) -> Promotion | None:
    model, key = watched.model, f"{watched.revision}:{now.at // DAY}"
    with metadata.begin() as sql:
        before = find(sql, model, version=watched.replaced)
        looked = find_record(sql, "watch", model, key) is not None
    if before is None or looked:
        return None
    found, back = _compare(now, watched, before.digest), None
    if found.passed:
        reason = f"version {watched.replaced} is {found.reason}"
        back = rollback(
            metadata, now.store, model, at=now.at, actor=ACTOR, reason=reason, seen=watched.revision,
            key=f"watch:{watched.revision}", gate=found.document(),
        )  # fmt: skip
    with metadata.begin() as sql:
        record(sql, "watch", model, now.at, msgspec.to_builtins(found), key=key)
    return back


def _watched(metadata: Metadata, now: Now) -> Promotion | None:
    """The promotion that made what serves now, while its watch lasts. What came back by a rollback is not watched."""
    with metadata.begin() as sql:
        made = promotions(sql, now.champion.model)
    last = made[-1] if made else None
    if last is None or last.revision != now.revision or last.version != now.champion.version:
        return None
    forward = last.replaced is not None and last.replaced < last.version
    return last if forward and now.at < last.at + now.policy.watch else None


def _compare(now: Now, watched: Promotion, before: str) -> Gate:
    end = now.at - now.policy.known_after
    looks = max(now.policy.watch // DAY, 1)
    sides = [Side(digest, open_package(now.store, digest, watched.model)) for digest in (before, watched.digest)]
    rows = live_rows(now.store, watched.model, watched.at, end)
    confidence = 1 - (1 - now.policy.confidence) / looks
    return gate(sides[0], sides[1], rows, metric=now.policy.metric, confidence=confidence, start=watched.at, end=end)


def _told(metadata: Metadata, now: Now, tell: Tell) -> None:
    """Tell of a return, also of one that a crash kept from being told."""
    with metadata.begin() as sql:
        made = promotions(sql, now.champion.model)
    if not made or made[-1].actor != ACTOR:
        return
    back = made[-1]
    summary = f"{back.model}: version {back.version} serves again instead of {back.replaced}; {back.reason}"
    facts = {"gate": back.gate, "from": back.replaced, "to": back.version}
    notice = Notice(occasion="rolled_back", model=back.model, at=back.at, summary=summary, facts=facts)
    say(metadata, tell, notice, key=str(back.revision))
