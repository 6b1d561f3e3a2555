"""What the canvas, the Python interface and the commands may change in a file: steps, parameters, connections, ids.

Pure: a Document in, a new Document out; comments, quotes, order and line ends stay.
"""

from __future__ import annotations

from typing import Any

from modelyard.errors import did_you_mean
from modelyard.errors.project import BadGraph, EditRefused
from modelyard.project.read import Document
from modelyard.project.splice import Path, insert_item, remove_item, remove_key, rename_key, set_value

SECTIONS = ("steps", "live")


def places(document: Document) -> dict[str, tuple[str, int]]:
    """id: (section, index) of every step."""
    found: dict[str, tuple[str, int]] = {}
    for section in SECTIONS:
        for place, entry in enumerate(document.data.get(section) or ()):
            found[str(entry.get("id", str(entry.get("use")).rpartition(".")[2]))] = (section, place)
    return found


def set_parameter(document: Document, id_: str, parameter: str, value: Any) -> Document:
    """`parameter` may lead inside: `split.folds`.

    >>> from modelyard.project.read import read
    >>> before = read("steps:\\n  - {use: a.b, x: 'one'}  # why\\n")
    >>> set_parameter(before, "b", "x", "two").text
    "steps:\\n  - {use: a.b, x: 'two'}  # why\\n"
    """
    return set_value(document, (*_place(document, id_), *parameter.split(".")), value)


def unset_parameter(document: Document, id_: str, parameter: str) -> Document:
    """Back to the default."""
    return remove_key(document, (*_place(document, id_), *parameter.split(".")))


def add_step(
    document: Document,
    kind: str,
    parameters: dict[str, Any] | None = None,
    id_: str | None = None,
    below: str | None = None,
    section: str = "steps",
) -> Document:
    """A step below the step `below` (last, unless said). Raises EditRefused when its id is taken."""
    known = places(document)
    new = id_ or kind.rpartition(".")[2]
    if new in known:
        raise EditRefused(f"there is a step {new!r} already", way_out="Give the new one another id")
    place = len(document.data.get(section) or ())
    if below is not None:
        section, place = (section, 0) if below == "" else (_place(document, below)[0], _place(document, below)[1] + 1)
    entry = {**({"id": id_} if id_ else {}), "use": kind, **(parameters or {})}
    return insert_item(document, section, place, entry)


def remove_step(document: Document, id_: str) -> Document:
    """Raises EditRefused while another step names it."""
    section, place = _place(document, id_)
    for path, _ in _mentions(document, id_):
        other = document.where(_text(path))
        raise EditRefused(f"{id_!r} is named by another step", where=other, way_out="Connect that step elsewhere first")
    return remove_item(document, section, place)


def connect(document: Document, id_: str, after: str | list[str] | dict[str, str]) -> Document:
    """`id_` follows `after` from now on."""
    known = places(document)
    for word in [after] if isinstance(after, str) else after.values() if isinstance(after, dict) else after:
        name = word.partition(".")[0]
        if name not in known:
            raise BadGraph(f"no step {name!r}", way_out=did_you_mean(name, known))
    return set_value(document, (*_place(document, id_), "after"), after)


def rename_step(document: Document, id_: str, new: str) -> Document:
    """The id, and every place that names it."""
    if new in places(document):
        raise EditRefused(f"there is a step {new!r} already", way_out="Choose another id")
    for path, word in _mentions(document, id_):
        document = rename_key(document, path, new) if word is None else set_value(document, path, new + word)
    return set_value(document, (*_place(document, id_), "id"), new)


def _place(document: Document, id_: str) -> tuple[str, int]:
    known = places(document)
    if id_ not in known:
        raise BadGraph(f"no step {id_!r}", way_out=did_you_mean(id_, known))
    return known[id_]


def _mentions(document: Document, id_: str) -> list[tuple[Path, str | None]]:
    """Where `after:` names it, with what follows the id (`.rejected`); None: a key of `any:` does."""
    found: list[tuple[Path, str | None]] = []
    for section, place in places(document).values():
        entry = document.data[section][place]
        after = entry.get("after")
        path: Path = (section, place, "after")
        words: list[tuple[Path, Any]] = [(path, after)]
        if isinstance(after, list):
            words = [((*path, number), word) for number, word in enumerate(after)]
        if isinstance(after, dict):
            words = [((*path, key), word) for key, word in after.items()]
        for at, word in words:
            name, dot, output = str(word).partition(".")
            if name == id_:
                found.append((at, dot + output))
        if section == "live" and isinstance(entry.get("any"), dict) and id_ in entry["any"]:
            found.append(((section, place, "any", id_), None))
    return found


def _text(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
