"""The heart of the server: bytes in, bytes out, and what the log must hold before the bytes may leave.

An Answerer is one model at one revision, never changed: a swap replaces the whole object by reference, so a request
sees one version from its first byte to its last. Synchronous, without I/O: any door can call it. One plain row, the
usual request, goes a shorter way (`_single`) to the same bytes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Protocol

from msgspec import Struct

from modelyard.errors.serving import BadRows, IdTaken, NoFiniteAnswer, Problem
from modelyard.rows.json import Record, parse
from modelyard.rows.reading import RowReader, Rows
from modelyard.rows.table import Floats
from modelyard.serve.recent import Given, Recent
from modelyard.serve.served import Served
from modelyard.serve.wording import Wording, canonical, encode

_REPLAYED = b',"replayed":true}'


class Scores(Protocol):
    """What the heart needs of `scoring.engine.Scorer`: one array (n,) per score, then the prediction; or for one row
    of numbers and texts the same as floats."""

    def answers(self, inputs: Sequence[Floats], length: int) -> list[Floats]: ...

    def row(self, values: Sequence[float | str]) -> tuple[float, ...]: ...


class Reply(Struct, frozen=True, eq=False):
    """`records`: log lines (JSON, without checksum) that must be written first. `given`: what they will acknowledge.
    `waits`: earlier answers repeated here whose own write must have ended well."""

    status: int
    body: bytes
    records: list[bytes]
    given: list[tuple[str, Given]]
    waits: list[Given]
    warnings: int = 0
    replayed: int = 0


class Answerer:
    def __init__(
        self,
        served: Served,
        scorer: Scores,
        recent: Recent | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.served, self.scorer = served, scorer
        self.recent = Recent() if recent is None else recent
        self._clock, self._monotonic = clock, monotonic
        self._reader = RowReader(served.contract)
        self._plain = self._reader.plain.read
        self._words = Wording(served)

    def answer(self, body: bytes) -> Reply:
        """One reply for one body. Raises the errors of `errors/serving.py`: their `status` is the answer's."""
        records = parse(body)
        if len(records) == 1:
            reply = self._single(records[0])
            if reply is not None:
                return reply
        if not records:
            return Reply(200, self._words.body([]), [], [], [])
        rows = self._reader.read(records)
        texts = [canonical(record) for record in records]
        digests = [_digest(text) for text in texts]
        ids = [self._id(record, row, digests[row]) for row, record in enumerate(records)]
        scored = self.scorer.answers(rows.inputs, rows.length)
        return self._reply(records, rows, texts, digests, ids, scored)

    def _single(self, record: Record) -> Reply | None:
        """The reply for one row that is plain and was not answered before."""
        plain = self._plain(record)
        if plain is None:
            return None
        inputs, event = plain
        text = canonical(record)
        digest = _digest(text)
        key = self._id(record, 0, digest)
        now = self._monotonic()
        if self.recent.get(key, now) is not None:
            return None
        words, received = self._words, int(self._clock() * 1_000_000)
        *scores, prediction = self.scorer.row(inputs)
        _finite(scores, prediction, 0)
        said = words.said(key, scores, prediction)
        answer = words.answer(said)
        at = received if event is None else event
        line = words.line(said, digest, at, received, words.kept(record, text))
        given = self.recent.remember(key, digest, answer, now)
        return Reply(200, words.body([answer]), [line], [(key, given)], [])

    def _reply(
        self,
        records: list[Record],
        rows: Rows,
        texts: list[bytes],
        digests: list[str],
        ids: list[str],
        scored: list[Floats],
    ) -> Reply:
        now, received, words = self._monotonic(), int(self._clock() * 1_000_000), self._words
        *columns, predictions = [array.tolist() for array in scored]
        scores = list(zip(*columns, strict=True))
        known = self._known(ids, digests, now)
        new: dict[str, bytes] = {}
        answers, lines, waits = [], [], []
        for row, key in enumerate(ids):
            earlier = known[row]
            if earlier is not None or key in new:
                answers.append((earlier.answer if earlier is not None else new[key])[:-1] + _REPLAYED)
                if earlier is not None and earlier.written is not None:
                    waits.append(earlier)
                continue
            _finite(scores[row], predictions[row], row)
            warnings = rows.warnings.get(row)
            said = words.said(key, scores[row], predictions[row], encode(warnings) if warnings else b"[]")
            event, text = rows.events[row], words.kept(records[row], texts[row])
            at = received if event is None else event
            lines.append(words.line(said, digests[row], at, received, text, row in rows.flagged))
            new[key] = words.answer(said)
            answers.append(new[key])
        places = {key: row for row, key in enumerate(ids)}
        given = [(key, self.recent.remember(key, digests[places[key]], answer, now)) for key, answer in new.items()]
        warned = sum(map(len, rows.warnings.values()))
        return Reply(200, words.body(answers), lines, given, waits, warned, len(answers) - len(lines))

    def _known(self, ids: list[str], digests: list[str], now: float) -> list[Given | None]:
        """The answers given before to these very rows; the same id for another row is refused."""
        first: dict[str, int] = {}
        known: list[Given | None] = []
        for row, key in enumerate(ids):
            earlier = self.recent.get(key, now)
            if earlier is not None and earlier.digest != digests[row]:
                raise IdTaken(f"the id {key!r} was answered in the last minute for another row", where=f"row {row}")
            before = first.setdefault(key, row)
            if digests[before] != digests[row]:
                raise IdTaken(f"rows {before} and {row} have the same id {key!r}", where=f"row {row}")
            known.append(earlier)
        return known

    def _id(self, record: Record, row: int, digest: str) -> str:
        name = self._reader.id
        value = None if name is None else record.get(name)
        if value is None:
            return digest
        if type(value) is str and 0 < len(value) <= 200:
            return value
        if type(value) is int:
            return str(value)
        found = f"{name!r} names the row: a string of 1 to 200 characters or a whole number"
        raise BadRows(
            found,
            problems=[Problem(row=row, column=str(name), problem="bad_id", found=found)],
            where=f"row {row}, {name}",
        )


def _digest(text: bytes) -> str:
    return blake2b(text, digest_size=16).hexdigest()


def _finite(scores: Sequence[float], prediction: float, row: int) -> None:
    """Raises NoFiniteAnswer."""
    if not math.isfinite(sum(scores) + prediction):
        raise NoFiniteAnswer(f"the model gives no finite number for row {row}", where=f"row {row}")
