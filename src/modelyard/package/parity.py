"""Proof that a program answers what its library answers; and the replay of stored answers at load.

Why at load too: a package may come to another processor, another libm, another numpy. Same processor: the same bits.
Another: within the class of equality that the package states (exact, a link, BLAS).
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modelyard.errors.package import NotEqual
from modelyard.package.model import Parity, Replay
from modelyard.rows.table import Floats, Table, Vector
from modelyard.scoring.bounds import allowance
from modelyard.scoring.engine import Scorer
from modelyard.scoring.program import Program


def prove(program: Program, inputs: Sequence[Floats], oracle_scores: Floats, oracle_labels: Floats | None) -> Parity:
    """Compare with the library's scores (n, K) and class indices (n,), on all rows. Raises NotEqual, naming the row."""
    rows = len(oracle_scores)
    ours = Scorer(program).score(inputs, rows)
    expected = oracle_scores.reshape(rows, -1)
    allowed = allowance(program, inputs, rows)
    difference = _difference(ours.scores, expected)
    _refuse(_beyond(difference, allowed.scores), "row {} scores otherwise than the library did", difference)
    near = allowed.turns
    differs = (
        np.zeros(rows, dtype=np.bool_) if oracle_labels is None else _difference(ours.prediction, oracle_labels) > 0
    )
    if program.gives.outcome.task == "regression":
        differs[:] = False
    _refuse(differs & ~near, "row {} is labelled otherwise than the library did", difference)
    return Parity(
        equality=program.equality,
        max_abs_diff=float(difference.max(initial=0.0)),
        labels_different=int(np.count_nonzero(differs & ~near)),
        at_boundary=int(np.count_nonzero(near)),
        rows=rows,
    )


def record(program: Program, table: Table) -> Replay:
    """These rows (the contract's columns, coded as it says) with the answers to be replayed at load. Text that no
    answer needs is left out: names and numbers of people are not in a package for nothing."""
    scorer, table = Scorer(program), _read(program, table)
    inputs = scorer.inputs(table)
    answers = scorer.score(inputs, len(table))
    allowed = allowance(program, inputs, len(table))
    return Replay(
        table=table,
        scores=answers.scores,
        prediction=answers.prediction,
        bounds=allowed.scores,
        boundary=allowed.turns,
        processor=processor(),
    )


def _read(program: Program, table: Table) -> Table:
    needed = {register for word in program.instructions for register in word.reads}
    fields = enumerate(program.takes.fields)
    texts = [field.name for place, field in fields if field.kind == "text" and place not in needed]
    nothing = Vector("text", np.full(len(table), None, dtype=np.object_))
    return table.with_(dict.fromkeys(texts, nothing))


def replay(program: Program, stored: Replay) -> None:
    """Raises NotEqual when the stored rows are answered otherwise here."""
    answers = Scorer(program).table(stored.table)
    same = stored.processor == processor()
    difference = _difference(answers.scores, stored.scores)
    allowed = np.zeros_like(stored.bounds) if same else stored.bounds
    _refuse(_beyond(difference, allowed), "row {} of the package's own rows is answered otherwise here", difference)
    if program.gives.outcome.task == "classification":
        turned = _difference(answers.prediction, stored.prediction) > 0
        _refuse(
            turned & ~(stored.boundary & (not same)), "row {} of the package is labelled otherwise here", difference
        )


def processor() -> str:
    """What decides the last bit of exp and log: processor, C library, numpy."""
    libc = "-".join(platform.libc_ver())
    return f"{platform.machine()}/{_chip()}/{libc}/numpy-{np.__version__}"


def _chip() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def _difference(ours: Floats, theirs: Floats) -> Floats:
    """|a − b|, 0 where both are the same (infinities and NaN too), +inf where only one is NaN."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        gap = np.abs(ours - theirs)
    return np.where(same, 0.0, np.where(np.isnan(gap), np.inf, gap))


def _beyond(difference: Floats, allowed: Floats) -> NDArray[np.bool_]:
    """A bound that is NaN (the score is) allows nothing."""
    return np.asarray(difference > np.nan_to_num(allowed, nan=0.0, posinf=np.inf), dtype=np.bool_)


def _refuse(wrong: NDArray[np.bool_], text: str, difference: Floats) -> None:
    rows = np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1))
    if len(rows):
        row = int(rows[0])
        raise NotEqual(
            f"{text.format(row)}, by {difference[row].max():.3g}; {len(rows)} of {len(wrong)} rows", where=f"row {row}"
        )
