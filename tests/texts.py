"""Texts that are unlike one another: scripts, marks, digits, case that is odd, blanks, nothing."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
from hypothesis import strategies as st

from flights import flights
from modelyard.rows.table import Table, Vector

ODD = "abcdeABC İıßẞéñǅΣσςﬁ\u0301\u0308\u200d_-'.,!?;:()09९٣²😀👩\x00\x1c\n\t\r\u2003\u00a0  "
WORDS = [
    "late",
    "Late",
    "gate",
    "fog",
    "in_the",
    "x9",
    "9x",
    "İstanbul",
    "STRASSE",
    "straße",
    "naïve",
    "e\u0301te",
    "日本",
]

texts = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.text(alphabet=ODD, max_size=30),
    st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join),
)


@cache
def many(rows: int, seed: int = 0) -> list[str]:
    """Words of a small and a large vocabulary, with odd characters in between."""
    draw = random.Random(seed)
    return [_one(draw) for _ in range(rows)]


def _one(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.2:
        return "".join(draw.choices(ODD, k=draw.randrange(25)))
    words = [
        draw.choice(WORDS) if draw.random() < 0.5 else f"w{draw.randrange(500)}" for _ in range(draw.randrange(20))
    ]
    return draw.choice((" ", "  ", ", ", "\n")).join(words)


def of_flights(rows: int, start: int = 0) -> Table:
    """What somebody might have noted of each of the real flights, `note`; its plane, `plane`, a text with gaps."""
    frame = flights().slice(start, rows)
    columns = (frame[name].to_list() for name in ("carrier", "flight", "origin", "dest", "tailnum", "hour", "distance"))
    notes, planes = np.empty(len(frame), dtype=object), np.empty(len(frame), dtype=object)
    for row, (carrier, flight, origin, dest, plane, hour, distance) in enumerate(zip(*columns, strict=True)):
        notes[row] = f"{carrier} {flight} from {origin} to {dest} at {hour}h, {distance} miles; {carrier}/{dest}"
        planes[row] = plane
    notes[::89], notes[::97] = None, ""
    return Table({"note": Vector("text", notes), "plane": Vector("text", planes)}, len(frame))
