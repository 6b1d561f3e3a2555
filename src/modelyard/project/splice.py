"""Changes to the text of a document that leave every byte outside the change as it was.

Why not load, change, dump: a dump normalises spaces, indents and line ends that nobody asked to change, and moves
comments. Every change is read back and compared with what it should say; otherwise it is refused.
"""

from __future__ import annotations

import copy
from typing import Any

from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from modelyard.errors.project import EditRefused, UnreadableFile
from modelyard.project.read import Document, read
from modelyard.project.write import flow

Path = tuple[str | int, ...]


def set_value(document: Document, path: Path, value: Any) -> Document:
    """The value at `path` replaced, or its key added at the end of the mapping around it."""
    around = _node(document, path[:-1])
    if isinstance(around, MappingNode):
        for key, old in around.value:
            if key.value == path[-1]:
                return _checked(document, _replaced(document.text, key, old, value), _set(document, path, value))
        text = _added(document, around, str(path[-1]), value)
        return _checked(document, text, _set(document, path, value))
    if not isinstance(around, SequenceNode) or not isinstance(path[-1], int):
        raise EditRefused(f"there is no {path!r} in the file")
    old = around.value[path[-1]]
    text = document.text[: old.start_mark.index] + flow(value, _quote(old)) + document.text[_end(document.text, old) :]
    return _checked(document, text, _set(document, path, value))


def rename_key(document: Document, path: Path, new: str) -> Document:
    around, data = _node(document, path[:-1]), copy.deepcopy(document.data)
    if not isinstance(around, MappingNode):
        raise EditRefused(f"there is no {path!r} in the file")
    key = next(key for key, _ in around.value if key.value == path[-1])
    inner = _inside(data, path[:-1])
    renamed = {new if name == path[-1] else name: value for name, value in inner.items()}
    inner.clear()
    inner.update(renamed)
    text = document.text
    return _checked(document, text[: key.start_mark.index] + flow(new) + text[key.end_mark.index :], data)


def insert_item(document: Document, section: str, place: int, entry: dict[str, Any]) -> Document:
    """`entry` becomes item `place` of the list under `section`, which is made if it is not there."""
    data = copy.deepcopy(document.data)
    data[section] = [*(data.get(section) or [])]
    data[section].insert(place, entry)
    items = _items(document, section)
    if items is None or not items.value:
        return _checked(document, _first(document, section, entry), data)
    text, line = document.text, flow(entry)
    if items.flow_style:
        at = items.value[place].start_mark.index if place < len(items.value) else _end(text, items.value[-1])
        piece = f"{line}, " if place < len(items.value) else f", {line}"
        return _checked(document, text[:at] + piece + text[at:], data)
    above = items.value[place - 1] if place else None
    dash = _dash(text, items.value[0])
    indent = " " * (dash - _line_start(text, dash))
    if above is None:
        at = _line_start(text, dash)
        return _checked(document, text[:at] + f"{indent}- {line}{document.newline}" + text[at:], data)
    at = _line_end(text, _end(text, above))
    return _checked(document, text[:at] + f"{document.newline}{indent}- {line}" + text[at:], data)


def remove_item(document: Document, section: str, place: int) -> Document:
    items, text = _items(document, section), document.text
    data = copy.deepcopy(document.data)
    if items is None or place >= len(items.value):
        raise EditRefused(f"there is no {section}[{place}] in the file")
    del data[section][place]
    if len(items.value) == 1:
        return set_value(document, (section,), [])
    if items.flow_style:
        start, end = _flow_item(text, items, place)
        return _checked(document, text[:start] + text[end:], data)
    node = items.value[place]
    start = _line_start(text, _dash(text, node))
    end = _line_end(text, _end(text, node))
    end += len(document.newline) if text[end:] else 0
    return _checked(document, text[:start] + text[end:], data)


def remove_key(document: Document, path: Path) -> Document:
    """The key and its value gone from the mapping around it."""
    around, data = _node(document, path[:-1]), copy.deepcopy(document.data)
    if not isinstance(around, MappingNode):
        raise EditRefused(f"there is no {path!r} in the file")
    del _inside(data, path[:-1])[path[-1]]
    text, place = document.text, [key.value for key, _ in around.value].index(path[-1])
    key, value = around.value[place]
    stop = _value_end(text, key, value)
    if around.flow_style:
        start, stop = key.start_mark.index, stop
        if place + 1 < len(around.value):
            stop = around.value[place + 1][0].start_mark.index
        elif place:
            start = _value_end(text, *around.value[place - 1])
    else:
        if place == 0:
            raise EditRefused(f"{path[-1]!r} stands first, beside the dash of its step")
        start, stop = _line_start(text, key.start_mark.index), _line_end(text, stop)
        stop += len(document.newline) if text[stop:] else 0
    return _checked(document, text[:start] + text[stop:], data)


def _checked(document: Document, text: str, expected: dict[str, Any]) -> Document:
    try:
        made = read((b"\xef\xbb\xbf" if document.bom else b"") + text.encode(), document.name)
    except UnreadableFile as error:
        raise EditRefused(f"the change would leave an unreadable file: {error.found}", where=error.where) from None
    if repr(made.data) != repr(expected):
        raise EditRefused("the change would say something else than was asked", where=document.name)
    return made


def _node(document: Document, path: Path) -> Node:
    node: Any = document.root
    for step in path:
        node = node.value[step] if isinstance(step, int) else next((v for k, v in node.value if k.value == step), None)
        if node is None:
            break
    if not isinstance(node, Node):
        raise EditRefused(f"there is no {path!r} in the file", where=document.name)
    return node


def _items(document: Document, section: str) -> SequenceNode | None:
    node = _node(document, (section,)) if document.data.get(section) is not None else None
    return node if isinstance(node, SequenceNode) else None


def _inside(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _set(document: Document, path: Path, value: Any) -> dict[str, Any]:
    data = copy.deepcopy(document.data)
    plain = [*value] if isinstance(value, tuple) else value
    _inside(data, path[:-1])[path[-1]] = plain
    return data


def _replaced(text: str, key: Node, old: Node, value: Any) -> str:
    if isinstance(old, ScalarNode) and not old.style and not old.value:
        return _after_colon(text, key, value, _value_end(text, key, old))
    block = isinstance(old, CollectionNode) and not old.flow_style
    if block or (isinstance(old, ScalarNode) and old.style in ("|", ">")):
        return _after_colon(text, key, value, _end(text, old))
    start: int = old.start_mark.index
    return f"{text[:start]}{flow(value, _quote(old))}{text[_end(text, old) :]}"


def _after_colon(text: str, key: Node, value: Any, end: int) -> str:
    colon = text.index(":", key.end_mark.index) + 1
    return text[:colon] + " " + flow(value) + text[end:]


def _added(document: Document, around: MappingNode, key: str, value: Any) -> str:
    text, line = document.text, f"{flow(key)}: {flow(value)}"
    if not around.value:
        at: int = around.start_mark.index + 1
        return text[:at] + line + text[at:]
    last = _value_end(text, *around.value[-1])
    if around.flow_style:
        return text[:last] + ", " + line + text[last:]
    indent: int = around.value[0][0].start_mark.column
    at = _line_end(text, last)
    return text[:at] + document.newline + " " * indent + line + text[at:]


def _first(document: Document, section: str, entry: dict[str, Any]) -> str:
    text, newline = document.text, document.newline
    line = f"{newline}  - {flow(entry)}"
    if section not in document.data:
        gap = "" if not text or text.endswith("\n") else newline
        return f"{text}{gap}{section}:{line}{newline}"
    root = document.root
    key, old = next((k, v) for k, v in (root.value if root else ()) if k.value == section)
    colon = text.index(":", key.end_mark.index) + 1
    return text[:colon] + line + text[_value_end(text, key, old) :]


def _flow_item(text: str, items: SequenceNode, place: int) -> tuple[int, int]:
    if place + 1 < len(items.value):
        return items.value[place].start_mark.index, items.value[place + 1].start_mark.index
    return _end(text, items.value[place - 1]), _end(text, items.value[place])


def _quote(node: Node) -> str | None:
    return node.style if isinstance(node, ScalarNode) and node.style in ("'", '"') else None


def _end(text: str, node: Node) -> int:
    """Where the value's own text ends: the parser counts comments and blank lines after it in."""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _value_end(text, *last) if isinstance(node, MappingNode) else _end(text, last)
    end: int = node.end_mark.index
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        start: int = node.start_mark.index
        return start + len(text[start:end].rstrip())
    return end


def _value_end(text: str, key: Node, value: Node) -> int:
    empty = isinstance(value, ScalarNode) and not value.style and not value.value
    return text.index(":", key.end_mark.index) + 1 if empty else _end(text, value)


def _dash(text: str, item: Node) -> int:
    return text.rindex("-", 0, item.start_mark.index)


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1 : end] == "\r" else end
