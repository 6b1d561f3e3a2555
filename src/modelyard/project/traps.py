"""YAML's usual traps, each answered with the line as it should be written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ruamel.yaml import tokens as kinds

from modelyard.errors.project import UnreadableFile

MAX_DEPTH = 40
OPENS = (
    kinds.BlockMappingStartToken,
    kinds.BlockSequenceStartToken,
    kinds.FlowMappingStartToken,
    kinds.FlowSequenceStartToken,
)
CLOSES = (kinds.BlockEndToken, kinds.FlowMappingEndToken, kinds.FlowSequenceEndToken)

_CORRECTIONS = (
    (re.compile(r"""(?<!["'\w${])\$\{[^{}"']*\}"""), lambda found: f'"{found[0]}"'),
    (re.compile(r"""(?<=[\s,\[{:])\*[\w*?-]*"""), lambda found: f'"{found[0]}"'),
    (re.compile(r"""(?<=[\s,\[{:])!\s*([A-Za-z_][\w*?-]*)"""), lambda found: f"{{not: {found[1]}}}"),
    (re.compile(r"""(?<=[\s,\[{:])([-+]?0\d+)(?=\s*([,\]}#]|$))"""), lambda found: f'"{found[1]}"'),
    (re.compile(r"""(?<=[\s,\[{:])&(\S+)"""), lambda found: f'"&{found[1]}"'),
)


def refuse_tokens(tokens: Iterable[kinds.Token], text: str, name: str) -> None:
    """Raises UnreadableFile at the first tag, anchor, alias or directive, and past MAX_DEPTH."""
    depth = 0
    for token in tokens:
        line = token.start_mark.line
        if isinstance(token, kinds.AliasToken):
            raise corrected(text, line, "`*` begins an alias in YAML; aliases are not read here", name)
        if isinstance(token, kinds.AnchorToken):
            raise corrected(text, line, "`&` begins an anchor in YAML; anchors are not read here", name)
        if isinstance(token, kinds.TagToken):
            raise corrected(text, line, "`!` begins a tag in YAML; tags are not read here", name)
        if isinstance(token, kinds.DirectiveToken):
            raise corrected(text, line, "`%` begins a directive in YAML; directives are not read here", name)
        depth += isinstance(token, OPENS) - isinstance(token, CLOSES)
        if depth > MAX_DEPTH:
            raise UnreadableFile(f"values nest deeper than {MAX_DEPTH}", where=f"{name}:{line + 1}")


def corrected(text: str, line: int, found: str, name: str) -> UnreadableFile:
    """The error for a line (from 0), with the corrected line as its way out where we know one."""
    lines = text.splitlines()
    for place in dict.fromkeys((line, line - 1)):
        written = lines[place] if 0 <= place < len(lines) else ""
        better = correction(written)
        if better != written:
            return UnreadableFile(found, where=f"{name}:{place + 1}", way_out=f"Write: {better.strip()}")
    return UnreadableFile(found, where=f"{name}:{line + 1}")


def correction(line: str) -> str:
    """The line with what YAML would misread quoted or spelt out.

    >>> correction("columns: *_amount"), correction("columns: !numeric"), correction("{password: ${X}}")
    ('columns: "*_amount"', 'columns: {not: numeric}', '{password: "${X}"}')
    >>> correction("codes: [01234]")
    'codes: ["01234"]'
    """
    for pattern, replacement in _CORRECTIONS:
        line = pattern.sub(replacement, line)
    return line
