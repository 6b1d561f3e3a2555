"""The native kernel, where it was built. Without a compiler nothing is missing but speed; `doctor` says so."""

from __future__ import annotations


def available() -> bool:
    return False
