"""The objects of a JSON file one after the other, read block by block: a file may be larger than the memory.

Where an object ends is found by counting brackets outside of strings; what it holds, frame/objects.py says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from modelyard.frame.objects import Item, NotJson

BLOCK = 2**20
LONGEST = 2**26
"""Bytes of one object."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[{}\[\]]', re.DOTALL)


def objects(file: IO[bytes]) -> Iterator[Item]:
    """Of an array of objects, or one a line. Raises NotJson.

    >>> import io
    >>> [item.text for item in objects(io.BytesIO(b'[{"a": "}"},\\n {"b": [1]}]'))]
    [b'{"a": "}"}', b'{"b": [1]}']
    """
    first = file.read(3)
    start = b"" if first == b"\xef\xbb\xbf" else first
    while start.isspace() or not start:
        block = file.read(BLOCK)
        if not block:
            return
        start += block
    if start.lstrip()[:1] == b"[":
        yield from _Array(file, start).items()
    else:
        yield from _lines(file, start)


def _lines(file: IO[bytes], start: bytes) -> Iterator[Item]:
    rest, number = start, 0
    while True:
        *whole, rest = rest.split(b"\n")
        for line in whole:
            number += 1
            if line.strip():
                yield Item(number, line)
        if len(rest) > LONGEST:
            raise NotJson(f"a line of more than {LONGEST:,} bytes", number + 1)
        block = file.read(BLOCK)
        if not block:
            break
        rest += block
    if rest.strip():
        yield Item(number + 1, rest)


class _Array:
    """`held`: bytes not done with; `at`: how far they were looked at; `begun`: where the object begins, or −1."""

    def __init__(self, file: IO[bytes], start: bytes) -> None:
        self.file, self.held = file, start
        self.at = start.index(b"[") + 1
        self.line, self.counted = 1, 0
        self.depth, self.begun, self.free, self.closed = 0, -1, self.at, False
        self.comma = b""

    def items(self) -> Iterator[Item]:
        while True:
            yield from self._found()
            self._forget()
            block = self.file.read(BLOCK)
            if not block:
                break
            self.held += block
            if len(self.held) > LONGEST + 2 * BLOCK:
                raise NotJson(f"an object of more than {LONGEST:,} bytes", self._line_of(max(self.begun, 0)))
        if not self.closed:
            raise NotJson("the array is cut short", self._line_of(len(self.held)))
        self._between(len(self.held), b"")

    def _found(self) -> Iterator[Item]:
        for token in _TOKEN.finditer(self.held, self.at):
            sign = token[0][:1]
            if sign == b'"':
                if not token[1]:
                    self.at = token.start()  # the string goes on in the next block
                    return
            elif sign in b"{[":
                self._open(token.start(), sign)
            else:
                self.depth -= 1
                if self.depth < 0:
                    self._close(token.start(), sign)
                elif not self.depth:
                    yield Item(self._line_of(self.begun), self.held[self.begun : token.end()])
                    self.begun, self.free, self.comma = -1, token.end(), b","
            self.at = token.end()
        self.at = max(self.at, len(self.held))

    def _open(self, place: int, sign: bytes) -> None:
        if not self.depth:
            if sign != b"{":
                raise NotJson("no array of objects", self._line_of(place))
            self._between(place, self.comma)
            self.begun = place
        self.depth += 1

    def _close(self, place: int, sign: bytes) -> None:
        if self.closed or sign != b"]":
            raise NotJson(f"{sign.decode()} closes nothing", self._line_of(place))
        self._between(place, b"")
        self.closed, self.free, self.depth = True, place + 1, 0

    def _between(self, place: int, sign: bytes) -> None:
        """Between two objects there is a comma, and before, behind and around the array nothing."""
        beyond = self.closed and place < len(self.held)
        if self.held[self.free : place].strip() != sign or beyond:
            raise NotJson("no array of objects", self._line_of(place))

    def _line_of(self, place: int) -> int:
        self.line += self.held.count(b"\n", self.counted, place)
        self.counted = max(place, self.counted)
        return self.line

    def _forget(self) -> None:
        """What was done with; between two objects the comma stays."""
        done = self.begun if self.begun >= 0 else self.free
        if self.begun < 0 and len(self.held) - done > BLOCK:
            self._between(len(self.held), self.held[done:].strip()[:1] and self.comma)
        self._line_of(done)
        self.held = self.held[done:]
        self.at, self.free, self.counted = self.at - done, max(self.free - done, 0), self.counted - done
        self.begun = 0 if self.begun >= 0 else -1
