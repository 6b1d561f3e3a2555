"""The live table: a line a day on standard error, the day under way rewritten in place where that is a terminal.

Plain lines on purpose: they scroll, survive in a log and can be copied.
"""

from __future__ import annotations

from typing import TextIO

from modelyard.demo.progress import Entry

COLUMNS = (
    ("day", 10), ("requests", 8), ("failures", 8), ("p99 ms", 7), ("ROC-AUC", 7), ("estimated", 9), ("verdict", 14),
    ("version", 8),
)  # fmt: skip


class Table:
    """
    >>> import io
    >>> out = io.StringIO()
    >>> entry = Entry(day="2013-04-01", requests=960, failures=0, acknowledged=960, labels=0, verdict="ok", version="1")
    >>> Table(out).day(entry)
    >>> print(out.getvalue().splitlines()[1])
    2013-04-01       960         0        –        –          –  ok              1
    """

    def __init__(self, out: TextIO) -> None:
        self._out, self._headed = out, False

    def day(self, entry: Entry) -> None:
        """A day is done. `notes` (a retraining, a promotion) follow on lines of their own."""
        self._head()
        self._write(_line(cells(entry)) + "\n")
        for note in entry.notes:
            self._write(f"{'':10}  {note}\n")

    def under_way(self, day: str, sent: int, total: int) -> None:
        """How far the day is; nothing where the line could not be taken back."""
        if self._out.isatty():
            self._head()
            self._write(f"{day}  {sent:,} of {total:,} …")

    def say(self, text: str) -> None:
        """A line between days."""
        self._write(text + "\n")

    def _head(self) -> None:
        if not self._headed:
            self._headed = True
            self._write(_line([name for name, _ in COLUMNS]) + "\n")

    def _write(self, text: str) -> None:
        clear = "\r\x1b[2K" if self._out.isatty() else ""
        self._out.write(clear + text)
        self._out.flush()


def cells(entry: Entry) -> list[str]:
    """What the table shows of a day, as text."""
    return [
        entry.day,
        f"{entry.requests:,}",
        f"{entry.failures:,}",
        _number(entry.p99_ms, 1),
        _number(entry.realised_roc_auc, 3),
        _number(entry.estimated_roc_auc, 3),
        entry.verdict,
        entry.version,
    ]


def _line(texts: list[str]) -> str:
    left = ("day", "verdict", "version")
    padded = [
        text.ljust(width) if name in left else text.rjust(width)
        for text, (name, width) in zip(texts, COLUMNS, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
