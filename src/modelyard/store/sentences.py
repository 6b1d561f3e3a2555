"""Ids out of the sentences that runs, triggers and records keep ("id is 'c7': not written like …"): what was found
stays told, of whom does not.

The audit log is left as it is: its rows vouch for one another, and what it says of forgetting names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Table, select, update

from modelyard.store.tables import records, runs, triggers

SAID = "(forgotten)"
BOOKS: tuple[tuple[Table, Column[Any]], ...] = ((runs, runs.c.id), (records, records.c.seq), (triggers, triggers.c.key))
TELLING = 6
"""Digits from which on a whole number tells whose it is: a shorter one may be anything."""


def blank_ids(sql: Connection, ids: Iterable[str]) -> int:
    """How many rows were changed."""
    words, changed = pattern(ids), 0
    for table, key in BOOKS:
        for name, text in sql.execute(select(key, table.c.document)).all():
            document = msgspec.json.decode(text)
            left = blanked(document, words)
            if left != document:
                sql.execute(update(table).where(key == name).values(document=msgspec.json.encode(left).decode()))
                changed += 1
    return changed


def blanked(document: Any, words: re.Pattern[str]) -> Any:
    """Of what JSON holds, the sentences without those words; keys, and words that are a value alone, are ours.

    >>> blanked({"found": "id is 'c7': too long", "model": "c7"}, pattern(["c7"]))
    {'found': "id is '(forgotten)': too long", 'model': 'c7'}
    """
    if isinstance(document, str):
        return words.sub(SAID, document) if " " in document else document
    if isinstance(document, list):
        return [blanked(one, words) for one in document]
    if isinstance(document, dict):
        return {key: blanked(value, words) for key, value in document.items()}
    return document


def telling(id_: str) -> bool:
    """Whether the id, wherever it stands, is that id.

    >>> telling("7"), telling("c7"), telling("1234567")
    (False, True, True)
    """
    return not id_.isdigit() or len(id_) >= TELLING


def pattern(ids: Iterable[str]) -> re.Pattern[str]:
    """Finds one of them as a word: `c7` is not in `c71`. One that does not tell, only as what a sentence is about.

    >>> pattern(["7", "c7"]).sub("-", "c7, c71; row 7: id is 7")
    '-, c71; row 7: id is -'
    """
    forms = sorted({form for id_ in ids for form in (id_, repr(id_)[1:-1]) if id_}, key=len, reverse=True)
    short = [re.escape(one) for one in forms if not telling(one)]
    long = [re.escape(one) for one in forms if telling(one)]
    told = [rf"(?<!\w)(?:{'|'.join(long)})(?!\w)"] if long else []
    told += [rf"(?<=\bis )(?:{'|'.join(short)})(?!\w)", rf"(?<=')(?:{'|'.join(short)})(?=')"] if short else []
    return re.compile("|".join(told) or r"(?!)")
