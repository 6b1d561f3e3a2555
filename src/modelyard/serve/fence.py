"""A second fence around loading: no pickle is read in a process that serves, whoever asks for it.

The first fence is that no format of ours holds one. An audit hook cannot be removed again, which is the point.
"""

from __future__ import annotations

import sys

from modelyard.errors.serving import Unpickling


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event == "pickle.find_class":
        raise Unpickling(f"a serving process loads no pickle ({arguments[0]}.{arguments[1]})")


def forbid_unpickling() -> None:
    sys.addaudithook(_refuse)
