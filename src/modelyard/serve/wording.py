"""How one model's answers and log lines are spelt: everything that does not change from row to row is made once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from modelyard.rows.json import Record
from modelyard.serve.served import Served

canonical = msgspec.json.Encoder(order="sorted").encode
encode = msgspec.json.encode
_BOOLEAN = (b"false", b"true")


class Said(Struct, frozen=True, eq=False):
    """One row's answer, each part as JSON."""

    id: bytes
    prediction: bytes
    scores: bytes
    warnings: bytes = b"[]"


class Wording:
    """
    >>> from modelyard.schema.contract import Contract
    >>> from modelyard.schema.target import Outcome
    >>> outcome = Outcome(task="classification", classes=("no", "yes"))
    >>> words = Wording(Served(name="m", digest="d", revision=1, contract=Contract(()), outcome=outcome))
    >>> words.answer(words.said("a", (0.25, 0.75), 1.0))
    b'{"id":"a","prediction":"yes","probabilities":{"no":0.25,"yes":0.75},"warnings":[]}'
    """

    def __init__(self, served: Served) -> None:
        outcome = served.outcome
        self._labels: list[bytes] | None = None
        probabilities = b""
        if outcome.task == "classification":
            self._labels = [encode(label) for label in outcome.labels or outcome.classes]
            names = b",".join([_fixed(encode(name)) + b":%b" for name in outcome.classes])
            probabilities = b'"probabilities":{%b},' % names
        self._answer = b'{"id":%b,"prediction":%b,' + probabilities + b'"warnings":%b}'
        package = _fixed(encode(served.digest))
        self._line = (
            b'{"kind":"prediction","id":%b,"digest":"%b","event":%d,"received":%d,"package":'
            + package
            + b',"revision":%d' % served.revision
            + b',"row":%b,"scores":%b,"prediction":%b,"warnings":%b,"flagged":%b}'
        )
        self._head = _head(served)
        self._without = served.without

    def said(self, key: str, scores: Sequence[float], prediction: float, warnings: bytes = b"[]") -> Said:
        label = encode(prediction) if self._labels is None else self._labels[int(prediction)]
        return Said(encode(key), label, encode(scores), warnings)

    def answer(self, said: Said) -> bytes:
        if self._labels is None:
            return self._answer % (said.id, said.prediction, said.warnings)
        return self._answer % (said.id, said.prediction, *said.scores[1:-1].split(b","), said.warnings)

    def line(self, said: Said, digest: str, event: int, received: int, row: bytes, flagged: bool = False) -> bytes:
        """The log line; times in microseconds, `row` the record as it is kept."""
        return self._line % (said.id, digest.encode(), event, received, row, said.scores, said.prediction,
                             said.warnings, _BOOLEAN[flagged])  # fmt: skip

    def kept(self, record: Record, text: bytes) -> bytes:
        """What the log holds of a record whose canonical text is `text`."""
        without = self._without
        if not without or without.isdisjoint(record):
            return text
        return canonical({name: value for name, value in record.items() if name not in without})

    def body(self, answers: list[bytes]) -> bytes:
        return self._head + b",".join(answers) + b"]}"


def _fixed(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")


def _head(served: Served) -> bytes:
    facts = {
        "model": served.name,
        "version": served.version,
        "digest": served.digest,
        "revision": served.revision,
        "durability": served.durability,
    }
    return encode(facts)[:-1] + b',"predictions":['
