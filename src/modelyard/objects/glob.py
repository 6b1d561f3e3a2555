"""Patterns over keys, as over files: `*` and `?` stay within a folder, `**` goes through folders, `[a-z]`."""

from __future__ import annotations

import re

from modelyard.errors.connection import MissingObject

MARKS = re.compile(r"[*?\[]")


def pattern(path: str) -> bool:
    """
    >>> pattern("flights/*.csv"), pattern("flights/2013.csv")
    (True, False)
    """
    return MARKS.search(path) is not None


def prefix(path: str) -> str:
    """What each key that matches begins with.

    >>> prefix("raw/flights-*.csv")
    'raw/flights-'
    """
    found = MARKS.search(path)
    return path[: found.start()] if found else path


def matcher(path: str) -> re.Pattern[str]:
    """
    >>> [bool(matcher("a/*.csv").fullmatch(key)) for key in ("a/b.csv", "a/b/c.csv", "a/b.csv.gz")]
    [True, False, False]
    >>> [bool(matcher("**/c.csv").fullmatch(key)) for key in ("c.csv", "a/b/c.csv", "xc.csv")]
    [True, True, False]
    """
    out, place = "", 0
    while place < len(path):
        if path.startswith("**/", place):
            out, place = out + "(?:.+/)?", place + 3
        elif path[place] == "[" and (end := path.find("]", place + 2)) > 0:
            out, place = out + _class(path[place + 1 : end]), end + 1
        else:
            out, place = out + {"*": "[^/]*", "?": "[^/]"}.get(path[place], re.escape(path[place])), place + 1
    return re.compile(out, re.DOTALL)


def _class(inside: str) -> str:
    """`[!a]` is what is not a; nothing in brackets is a slash."""
    kept = inside.replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
    return f"(?!/)[^{kept[1:]}]" if kept.startswith("!") else f"(?!/)[{kept}]"


def key_of(path: str) -> str:
    """A path of a step as a key. Raises MissingObject for one that no store has as it stands."""
    parts = path.split("/")
    if "://" in path or path.startswith("/") or any(part in ("", ".", "..") for part in parts[:-1]) or not parts[-1]:
        way_out = (
            "Write folder/name.csv, or folder/*.csv for all in it: the connection says the store and the bucket, its "
            "`prefix:` the folder"
        )
        raise MissingObject(f"{path!r} is no path in a bucket", way_out=way_out)
    return path
