"""Regular expressions that cannot stall a server: a small grammar, matched in time that grows with the text alone.

Why not Python's `re`: it backtracks, so that one pattern such as `(a+)+b` and one request of forty letters take
minutes. Here a text is read once, keeping the set of places in the pattern where it may be (Thompson, 1968), each set
met remembered. What needs backtracking (back references, look-around) is not in the grammar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from modelyard.errors.data import BadPattern

Test = Callable[[str], bool]
REPEAT, STATES, REMEMBERED = 1_000, 5_000, 20_000
_CLASSES: dict[str, Test] = {
    "d": str.isdecimal,
    "w": lambda sign: sign.isalnum() or sign == "_",
    "s": str.isspace,
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}


class Pattern:
    """`matches`: whether the whole text is written like the pattern: literals, `.`, `[a-z0-9]`, `[^…]`, `\\d \\w \\s`
    and their opposites, groups, `|`, `* + ? {2} {2,} {2,5}`. `^` at the start and `$` at the end say nothing new.

    >>> Pattern(r"[A-Z]{2}\\d+").matches("UA1545"), Pattern("a|b").matches("ab")
    (True, False)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tests: list[Test | None] = []
        self._next: list[tuple[int, ...]] = []
        start, end = _Reader(text, self._add, self._link).whole()
        self._end = end
        self._start = self._closed([start])
        self._seen: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        now = self._start
        for sign in text:
            if not now:
                return False
            step = self._seen.get((now, sign))
            if step is None:
                step = self._stepped(now, sign)
            now = step
        return self._end in now

    def _stepped(self, now: frozenset[int], sign: str) -> frozenset[int]:
        tests = self._tests
        after = self._closed(
            n for state in now if (test := tests[state]) is not None and test(sign) for n in self._next[state]
        )
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        self._seen[now, sign] = after
        return after

    def _closed(self, states: Iterable[int]) -> frozenset[int]:
        """With all that is reached without reading a sign."""
        found, left = set[int](), list(states)
        while left:
            state = left.pop()
            if state not in found:
                found.add(state)
                if self._tests[state] is None:
                    left.extend(self._next[state])
        return frozenset(found)

    def _add(self, test: Test | None) -> int:
        if len(self._tests) >= STATES:
            raise BadPattern(f"{self.text!r} comes to more than {STATES} states", way_out="Repeat less")
        self._tests.append(test)
        self._next.append(())
        return len(self._tests) - 1

    def _link(self, state: int, after: int) -> None:
        self._next[state] = (*self._next[state], after)


class _Reader:
    """Recursive descent; each part gives (its first state, its last one, which reads nothing)."""

    def __init__(self, text: str, add: Callable[[Test | None], int], link: Callable[[int, int], None]) -> None:
        self.text, self.add, self.link = text, add, link
        self.at, self.stop = int(text.startswith("^")), len(text)
        self.deep = 0
        slashes = len(text[:-1]) - len(text[:-1].rstrip("\\"))
        if text.endswith("$") and slashes % 2 == 0:
            self.stop -= 1

    def whole(self) -> tuple[int, int]:
        made = self._either()
        if self.at < self.stop:
            raise self._bad(f"{self.text[self.at]!r} closes nothing")
        return made

    def _bad(self, found: str) -> BadPattern:
        return BadPattern(f"{self.text!r}: {found}", where=f"character {self.at + 1}")

    def _now(self) -> str:
        return self.text[self.at] if self.at < self.stop else ""

    def _took(self, sign: str) -> bool:
        if self._now() != sign:
            return False
        self.at += 1
        return True

    def _either(self) -> tuple[int, int]:
        start, end = self.add(None), self.add(None)
        while True:
            first, last = self._row()
            self.link(start, first)
            self.link(last, end)
            if not self._took("|"):
                return start, end

    def _row(self) -> tuple[int, int]:
        start = end = self.add(None)
        while self._now() not in ("", "|", ")"):
            first, last = self._repeated()
            self.link(end, first)
            end = last
        return start, end

    def _repeated(self) -> tuple[int, int]:
        begun = self.at
        made = self._one()
        after, bounds = self.at, self._bounds()
        if bounds is None:
            return made
        low, high = bounds
        done = self.at
        start = end = self.add(None)
        for count in range(max(low, 1 if high is None else high)):
            self.at = begun
            first, last = self._one() if count else made
            leave = self.add(None)
            self.link(end, first)
            self.link(last, leave)
            if count >= low:
                self.link(end, leave)
            if high is None and count == max(low, 1) - 1:
                self.link(leave, first)
            end = leave
        self.at = done
        if self._now() and self._now() in "*+?{":
            raise self._bad(f"{self.text[after:done]} is repeated again")
        return start, end

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._took(sign):
                return bounds
        if not self._took("{"):
            return None
        inside, closed, _ = self.text[self.at : self.stop].partition("}")
        low, comma, high = inside.partition(",")
        if not closed or not (low.isdecimal() and (not high or high.isdecimal())):
            raise self._bad("{ is a repetition: {2}, {2,} or {2,5}; a brace itself is \\{")
        least, most = int(low), int(high) if high else None if comma else int(low)
        if max(least, most or 0) > REPEAT or (most is not None and most < least):
            raise self._bad(f"{{{inside}}} is no repetition up to {REPEAT}")
        self.at += len(inside) + 1
        return least, most

    def _one(self) -> tuple[int, int]:
        sign = self._now()
        self.at += 1
        if sign == "(":
            return self._group()
        if sign in "*+?{":
            self.at -= 1
            raise self._bad(f"there is nothing that {sign} could repeat")
        if sign in "^$":
            self.at -= 1
            raise self._bad(f"{sign} stands inside; a {sign} itself is \\{sign}")
        if sign == "[":
            return self._reading(self._set())
        if sign == "\\":
            return self._reading(self._escaped())
        return self._reading((lambda met: met != "\n") if sign == "." else sign.__eq__)

    def _reading(self, test: Test) -> tuple[int, int]:
        state, end = self.add(test), self.add(None)
        self.link(state, end)
        return state, end

    def _group(self) -> tuple[int, int]:
        if self._took("?") and not self._took(":"):
            raise self._bad("(? begins what needs backtracking")
        self.deep += 1
        if self.deep > 50:
            raise self._bad("groups stand too deep in one another")
        made = self._either()
        if not self._took(")"):
            raise self._bad("( is not closed")
        self.deep -= 1
        return made

    def _escaped(self) -> Test:
        sign = self._now()
        self.at += 1
        if sign.lower() in _CLASSES and sign:
            test = _CLASSES[sign.lower()]
            return test if sign.islower() else lambda met: not test(met)
        if not sign or (sign.isalnum() and sign not in _CONTROLS):
            raise self._bad(f"\\{sign} is not in the grammar")
        return _CONTROLS.get(sign, sign).__eq__

    def _set(self) -> Test:
        other = self._took("^")
        tests: list[Test] = []
        while not (self._took("]") and tests):
            if self.at >= self.stop or self._now() == "]" or (self.text[self.at - 1] == "]" and not tests):
                raise self._bad("[ is not closed, or empty")
            tests.append(self._member())
        found = tuple(tests)
        return lambda met: any(test(met) for test in found) is not other

    def _member(self) -> Test:
        low = self._now()
        self.at += 1
        if low == "\\":
            test = self._escaped()
            if self._now() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                raise self._bad("a range begins with a letter or digit")
            return test
        if self._now() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
            high = self.text[self.at + 1]
            self.at += 2
            if high < low or high in "\\[":
                raise self._bad(f"{low}-{high} is no range")
            return lambda met: low <= met <= high
        return low.__eq__
