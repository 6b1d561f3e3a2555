"""A packaged model as Python sees it: loaded after it was verified, and asked for predictions.

import modelyard as my
my.Package.load("churn@champion").predict(df)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from modelyard.api.connection import Where, connect
from modelyard.api.place import Place
from modelyard.errors.data import NotRows
from modelyard.package.keys import Trust
from modelyard.package.load import load
from modelyard.package.manifest import MANIFEST, digest
from modelyard.package.model import Model
from modelyard.package.predict import PART, Answers, Predictor
from modelyard.rows.notes import RowWarning
from modelyard.schema.contract import Contract
from modelyard.store.place import Store


class Package:
    """One version of a model. `version` is None for a package that no store has registered."""

    def __init__(self, model: Model, digest: str, version: int | None = None) -> None:
        self.model, self.digest, self.version = model, digest, version
        self.predictor = Predictor(model)

    @classmethod
    def load(cls, model: str | Path, store: Where = None) -> Package:
        """`model`: a package's folder, `name` (its champion), `name@champion`, `name@3`, or a digest. Verified before
        it is parsed. Raises UnknownVersion, NoStore, BadPackage, UntrustedKey."""
        if _is_folder(model):
            return cls._of_folder(Path(model), store)
        from modelyard.api.reference import resolve
        from modelyard.store.packages import open_package

        with connect(store) as yard:
            with yard.metadata.begin() as sql:
                found = resolve(sql, str(model))
            opened = open_package(yard.store, found.digest, found.model)
            return cls(opened, found.digest, found.version)

    @classmethod
    def _of_folder(cls, folder: Path, store: Where) -> Package:
        trust = Trust.read(_store_of(folder, store).trusted)
        opened = load(folder, trust)
        return cls(opened, digest((folder / MANIFEST).read_bytes()))

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def contract(self) -> Contract:
        """What a row must carry."""
        return self.predictor.contract

    def predict(self, rows: Any) -> Any:
        """Answers for a table, as the same kind of table, row by row.

        A list of dicts gives a list of dicts with `prediction`, `probabilities` (of a classification) and `warnings`,
        as the server answers. A polars, pandas or Arrow table gives one with `prediction`, `score[k]` (of class k in
        sorted order) and `warnings` (text, null where there is none). Nothing is logged. Raises BadRows (naming row
        and column), NotRows."""
        if isinstance(rows, list | tuple):
            return self._records(rows)
        from modelyard.frame.foreign import like, to_frame

        return like(rows, self._frame(to_frame(rows)))

    def _records(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        for row, record in enumerate(rows):
            if not isinstance(record, dict):
                raise NotRows(f"row {row} is a {type(record).__name__}, not a dict", where=f"row {row}")
        plain = [{name: _plain(value) for name, value in record.items()} for record in rows]
        return [answer for _, part in self.predictor.parts(plain) for answer in self._as_records(part)]

    def _as_records(self, part: Answers) -> list[dict[str, Any]]:
        classes, columns = self.model.outcome.classes, [scores.tolist() for scores in part.scores]
        made = []
        for row, (id_, prediction) in enumerate(zip(part.ids, part.predictions, strict=True)):
            answer: dict[str, Any] = {} if id_ is None else {"id": id_}
            answer["prediction"] = prediction
            if columns:
                answer["probabilities"] = {name: column[row] for name, column in zip(classes, columns, strict=True)}
            made.append({**answer, "warnings": part.warnings.get(row, [])})
        return made

    def _frame(self, frame: Any) -> Any:
        import polars as pl

        parts = [self.frame_part(frame[at : at + PART], at) for at in range(0, max(frame.height, 1), PART)]
        return pl.concat(parts)

    def frame_part(self, frame: Any, start: int = 0) -> Any:
        """Answers for a polars frame whose first row is row `start` of the whole."""
        import polars as pl

        from modelyard.frame.records import to_records

        answers = self.predictor.answer(to_records(frame, self.predictor.names), start)
        scores = [pl.Series(f"score[{k}]", column) for k, column in enumerate(answers.scores)]
        said = [_said(answers.warnings.get(row, [])) for row in range(frame.height)]
        return pl.DataFrame([self._predictions(answers), *scores, pl.Series("warnings", said, dtype=pl.String)])

    def _predictions(self, answers: Answers) -> Any:
        import polars as pl

        labels = self.model.outcome.labels or self.model.outcome.classes
        dtype = pl.Series(labels).dtype if labels else pl.Float64
        return pl.Series("prediction", answers.predictions, dtype=dtype)


def _said(warnings: Sequence[RowWarning]) -> str | None:
    """
    >>> _said([{"warning": "unseen", "column": "carrier", "value": "ZZ"}])
    "carrier: unseen 'ZZ'"
    """
    words = [f"{w['column']}: {w['warning']}" + (f" {w['value']!r}" if "value" in w else "") for w in warnings]
    return "; ".join(words) or None


def _plain(value: Any) -> Any:
    """As a client would send it: a numpy number as Python's own, a time as text.

    >>> _plain(datetime(2013, 1, 31, 5, tzinfo=UTC)), _plain(date(2013, 1, 31))
    ('2013-01-31T05:00:00+00:00', '2013-01-31')
    """
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value


def _is_folder(model: str | Path) -> bool:
    return isinstance(model, Path) or "/" in model or (Path(model) / MANIFEST).is_file()


def _store_of(folder: Path, given: Where) -> Store:
    """Whose keys are trusted: the store named, else the one that the folder lies in, else the one here."""
    if isinstance(given, Store):
        return given
    if isinstance(given, Place):
        return given.store
    parents = folder.absolute().parents
    if given is None and len(parents) > 2 and (parents[2] / "keys" / "trusted").is_dir():
        return Store(parents[2])
    from modelyard.api.place import located

    return located(given).store
