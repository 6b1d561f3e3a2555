"""Ids out of the sentences that steps of retrainings answered with, in the file where DBOS keeps the answers.

By SQL and not through DBOS, which has no word for it: the file may be open elsewhere, and nothing of it changes but
words within a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Integer, Text, column, create_engine, inspect, select, table, update

from modelyard.store.sentences import blanked, pattern

ANSWERS = ("operation_outputs", "workflow_output", "workflow_status")
COLUMNS = ("output", "error")


def blank_answers(database: Path, ids: Sequence[str]) -> int:
    """How many answers were changed; none where there is no such file."""
    if not database.exists():
        return 0
    engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": 30})
    try:
        there, words = inspect(engine).get_table_names(), pattern(ids)
        with engine.begin() as sql:
            sql.exec_driver_sql("PRAGMA secure_delete=ON")
            changed = sum(_blank(sql, name, each, words) for name in ANSWERS if name in there for each in COLUMNS)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as sql:
            sql.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
    return changed


def _blank(sql: Connection, name: str, each: str, words: re.Pattern[str]) -> int:
    answers, changed = table(name, column("rowid", Integer), column(each, Text)), 0
    for row, text in sql.execute(select(answers.c.rowid, answers.c[each])).all():
        said = None if text is None else msgspec.json.decode(text)
        left = blanked(said, words)
        if left != said:
            sql.execute(
                update(answers).where(answers.c.rowid == row).values({each: msgspec.json.encode(left).decode()})
            )
            changed += 1
    return changed
