"""The heart of the server: bytes in, bytes out, and what the log must hold before the bytes may leave.

An Answerer is one model at one revision, never changed: a swap replaces the whole object by reference, so a request
sees one version from its first byte to its last. Synchronous, without I/O: any door can call it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from modelyard.errors.serving import BadRows, IdTaken, NoFiniteAnswer, Problem
from modelyard.rows.json import Record, parse
from modelyard.rows.reading import RowReader, Rows
from modelyard.rows.table import Floats
from modelyard.schema.column import Kind
from modelyard.schema.contract import Contract
from modelyard.schema.target import LabelRule, Outcome
from modelyard.serve.recent import Given, Recent

_canonical = msgspec.json.Encoder(order="sorted").encode
_encode = msgspec.json.encode


class Scores(Protocol):
    """What the heart needs of `scoring.engine.Scorer`: one array (n,) per score, then the prediction."""

    def answers(self, inputs: Sequence[Floats], length: int) -> list[Floats]: ...


class Served(Struct, frozen=True, kw_only=True, eq=False):
    """Which model at which revision: all that a reply and a log line say of it."""

    name: str
    digest: str
    revision: int
    version: int = 0
    """The package's number in the registry; 0 where it has none."""
    contract: Contract
    outcome: Outcome
    label: LabelRule | None = None
    durability: str = "fsync"
    without: frozenset[str] = frozenset()
    """Columns that the log never holds (`log: {without: […]}`)."""
    labels: Mapping[str, Kind] = {}
    """What the columns of the truth must be."""


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
        outcome = served.outcome
        self._labels: tuple[Any, ...] | None = None
        if outcome.task == "classification":
            self._labels = outcome.labels or outcome.classes
        self._keys = [_encode(name) + b":" for name in outcome.classes]
        facts = {
            "model": served.name,
            "version": served.version,
            "digest": served.digest,
            "revision": served.revision,
            "durability": served.durability,
        }
        self._head = _encode(facts)[:-1] + b',"predictions":['
        self._tail = b',"package":' + _encode(served.digest) + b',"revision":%d' % served.revision

    def answer(self, body: bytes) -> Reply:
        """One reply for one body. Raises the errors of `errors/serving.py`: their `status` is the answer's."""
        records = parse(body)
        if not records:
            return Reply(200, self._head + b"]}", [], [], [])
        rows = self._reader.read(records)
        texts = [_canonical(record) for record in records]
        digests = [blake2b(text, digest_size=16).hexdigest() for text in texts]
        ids = [self._id(record, row, digests[row]) for row, record in enumerate(records)]
        scored = self.scorer.answers(rows.inputs, rows.length)
        return self._reply(records, rows, texts, digests, ids, scored)

    def _reply(
        self,
        records: list[Record],
        rows: Rows,
        texts: list[bytes],
        digests: list[str],
        ids: list[str],
        scored: list[Floats],
    ) -> Reply:
        now, received = self._monotonic(), int(self._clock() * 1_000_000)
        *columns, predictions = [array.tolist() for array in scored]
        scores = list(zip(*columns, strict=True))
        known = self._known(ids, digests, now)
        new: dict[str, bytes] = {}
        answers, lines, waits = [], [], []
        for row, key in enumerate(ids):
            earlier = known[row]
            if earlier is not None or key in new:
                answers.append((earlier.answer if earlier is not None else new[key])[:-1] + b',"replayed":true}')
                if earlier is not None and earlier.written is not None:
                    waits.append(earlier)
                continue
            warnings = rows.warnings.get(row)
            said = _encode(warnings) if warnings else b"[]"
            answer = self._answer(key, row, scores[row], predictions[row], said)
            event = rows.events[row]
            text = self._kept(records[row], texts[row])
            lines.append(
                b'{"kind":"prediction","id":%b,"digest":"%b","event":%d,"received":%d%b,"row":%b,"scores":%b,'
                b'"prediction":%b,"warnings":%b,"flagged":%b}'
                % (_encode(key), digests[row].encode(), received if event is None else event, received,
                   self._tail, text,
                   _encode(scores[row]), _encode(self._label(predictions[row])), said,
                   b"true" if row in rows.flagged else b"false")
            )  # fmt: skip
            answers.append(answer)
            new[key] = answer
        places = {key: row for row, key in enumerate(ids)}
        given = [(key, self.recent.remember(key, digests[places[key]], answer, now)) for key, answer in new.items()]
        body = self._head + b",".join(answers) + b"]}"
        warned = sum(map(len, rows.warnings.values()))
        return Reply(200, body, lines, given, waits, warned, len(answers) - len(lines))

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

    def _answer(self, key: str, row: int, scores: tuple[float, ...], prediction: float, warnings: bytes) -> bytes:
        if not math.isfinite(sum(scores) + prediction):
            raise NoFiniteAnswer(f"the model gives no finite number for row {row}", where=f"row {row}")
        label = _encode(self._label(prediction))
        if self._labels is None:
            return b'{"id":%b,"prediction":%b,"warnings":%b}' % (_encode(key), label, warnings)
        pairs = b",".join([name + _encode(score) for name, score in zip(self._keys, scores, strict=True)])
        return b'{"id":%b,"prediction":%b,"probabilities":{%b},"warnings":%b}' % (_encode(key), label, pairs, warnings)

    def _label(self, prediction: float) -> Any:
        return prediction if self._labels is None else self._labels[int(prediction)]

    def _kept(self, record: Record, text: bytes) -> bytes:
        without = self.served.without
        if not without or without.isdisjoint(record):
            return text
        return _canonical({name: value for name, value in record.items() if name not in without})
