"""What a JSON parser does not tell: how many keys a body holds, how deep it nests, how long its longest string is.

Every JSON parser for Python keeps the last of two equal keys and says nothing. A colon outside a string belongs to
exactly one key, so a body has duplicate keys exactly when it has more colons than its parsed objects have entries:
one pass and one sum, instead of a parser of our own. The pass is C where the extension was built (`_scan.c`), else
regular expressions; both give the same numbers for any bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate

Scan = Callable[[bytes], tuple[int, int, int]]

STRING = re.compile(rb'"([^"\\]*(?:\\(?s:.)[^"\\]*)*)(?:"|(\\?)\Z)')
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_STEP = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}


def scan_python(body: bytes) -> tuple[int, int, int]:
    """(colons outside strings, deepest nesting, bytes of the longest string as written).

    >>> scan_python(b'{"rows": [{"at": "05:00"}]}')
    (2, 3, 5)
    """
    longest = 0
    for found in STRING.finditer(body):
        longest = max(longest, found.end(1) - found.start(1) + len(found[2] or b""))
    bare = STRING.sub(b"", body)
    steps = (_STEP[mark] for mark in bare.translate(None, _NOT_BRACKETS))
    return bare.count(b":"), max(accumulate(steps, initial=0)), longest


def _fastest() -> Scan:
    try:
        from modelyard.rows._scan import scan as native
    except ImportError:
        return scan_python
    return native


scan: Scan = _fastest()
