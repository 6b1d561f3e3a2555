"""The text of a project file as plain data, each value with the line it stands on.

ruamel's YAML 1.2 parser gives nodes with their place in the text; values are made here, from the YAML 1.2 core schema
alone (no dates, no octal surprises, no yes/no booleans). Nodes rather than loaded objects, because an edit can then
replace exactly the characters of one value and leave every other byte as it was.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from modelyard.errors.project import UnreadableFile
from modelyard.project.traps import corrected, refuse_tokens

MAX_BYTES = 1_000_000
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class Document(Struct, frozen=True, eq=False):
    """`text` is the file without its byte order mark, line ends as they were; `data` plain dicts, lists and scalars.

    `lines`: the line (from 1) of each value by its path (`steps[2].columns[0]`). `bare`: paths of unquoted strings."""

    text: str
    data: dict[str, Any]
    root: MappingNode | None
    lines: dict[str, int]
    bare: frozenset[str]
    bom: bool = False
    name: str = "modelyard.yaml"

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def line(self, path: str) -> int:
        """The line of that value, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 1)

    def where(self, path: str) -> str:
        return f"{path}, {self.name}:{self.line(path)}" if path else f"{self.name}:{self.line(path)}"

    def to_bytes(self) -> bytes:
        return (b"\xef\xbb\xbf" if self.bom else b"") + self.text.encode()


def read(content: bytes | str, name: str = "modelyard.yaml") -> Document:
    r"""Raises UnreadableFile, with the line and, for the usual traps, the corrected line.

    >>> read("a: [yes, NO, 1e-3, 012x]\n").data
    {'a': ['yes', 'NO', 0.001, '012x']}
    """
    data = content.encode() if isinstance(content, str) else content
    if len(data) > MAX_BYTES:
        raise UnreadableFile(f"the file has {len(data)} bytes, more than {MAX_BYTES}", where=name)
    bom = data.startswith(b"\xef\xbb\xbf")
    try:
        text = data[3 * bom :].decode()
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"byte {error.start} is not UTF-8", where=name, way_out="Save the file as UTF-8") from None
    return _document(text, name, bom)


def _document(text: str, name: str, bom: bool) -> Document:
    root = _compose(text, name)
    lines: dict[str, int] = {}
    bare: set[str] = set()
    if root is None:
        return Document(text, {}, None, lines, frozenset(), bom, name)
    if not isinstance(root, MappingNode):
        raise UnreadableFile("the file is not a list of `key: value` lines", where=f"{name}:1")
    data = _Reader(text, name, lines, bare).mapping(root, "")
    return Document(text, data, root, lines, frozenset(bare), bom, name)


def _compose(text: str, name: str) -> Node | None:
    yaml = YAML(typ="rt")
    try:
        refuse_tokens(yaml.scan(text), text, name)
        node = YAML(typ="rt").compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        raise corrected(text, line, str(error.problem or error.context), name) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise UnreadableFile(str(error).splitlines()[0], where=name) from None
    return node if isinstance(node, Node) else None


class _Reader:
    def __init__(self, text: str, name: str, lines: dict[str, int], bare: set[str]) -> None:
        self.text, self.name, self.lines, self.bare = text, name, lines, bare

    def value(self, node: Node, path: str) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, ScalarNode):
            return self.scalar(node, path)
        return [self.value(item, f"{path}[{place}]") for place, item in enumerate(node.value)]

    def mapping(self, node: MappingNode, path: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            where = f"{self.name}:{key.start_mark.line + 1}"
            if not isinstance(key, ScalarNode) or (name == "<<" and not key.style):
                raise UnreadableFile("a key is a plain word here", where=where)
            if name in made:
                raise UnreadableFile(f"the key {name!r} stands twice", where=where, way_out="Keep one of the two lines")
            below = f"{path}.{name}" if path else name
            self.lines[below] = key.start_mark.line + 1
            made[name] = self.value(value, below)
        return made

    def scalar(self, node: ScalarNode, path: str) -> Any:
        if node.style:
            return str(node.value)
        plain = str(node.value)
        if re.fullmatch(r"[-+]?0[0-9]+", plain):
            raise corrected(self.text, node.start_mark.line, f"{plain} has a leading zero", self.name)
        made = resolve(plain)
        if isinstance(made, str):
            self.bare.add(path)
        return made


def resolve(plain: str) -> Any:
    """What an unquoted word means in YAML 1.2.

    >>> resolve("1e-3"), resolve("no"), resolve("~"), resolve("0x1F"), resolve("2013-01-01")
    (0.001, 'no', None, 31, '2013-01-01')
    """
    if plain in _NULLS:
        return None
    if plain in _BOOLEANS:
        return _BOOLEANS[plain]
    if _INT.fullmatch(plain):
        return int(plain) if len(plain) < 300 else float(plain)
    if _OTHER_BASE.fullmatch(plain):
        return int(plain, 0)
    if _FLOAT.fullmatch(plain):
        return float(plain)
    special = plain.lower().lstrip("+-")
    if special in (".inf", ".nan"):
        return float(plain.lower().replace(".", ""))
    return plain
