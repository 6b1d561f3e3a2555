"""`${NAME}` and `${NAME:-default}`: the only way from the environment into a project, and the only place for secrets.

The values are handed in as a mapping, so nothing here reads the environment. What was written (`${PGPASSWORD}`) is kept
beside what it became, and only what was written goes to cache keys, packages and logs; `redact` puts it back in texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from modelyard.errors.project import MissingVariable
from modelyard.project.read import resolve

_VARIABLE = re.compile(r"\$(\$)?\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class Environment:
    """
    >>> Environment({"HOST": "db"}).expand({"url": "${HOST}:${PORT:-5432}", "literal": "$${HOST}"})
    {'url': 'db:5432', 'literal': '${HOST}'}
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.used: dict[str, str] = {}

    def expand(
        self, data: Any, path: str = "", where: Callable[[str], str] = str, bare: frozenset[str] = frozenset()
    ) -> Any:
        """`data` with each variable replaced. An unquoted `${PORT}` alone (its path in `bare`) is read as YAML would
        read its value. Raises MissingVariable with the place."""
        if isinstance(data, dict):
            return {k: self.expand(v, f"{path}.{k}" if path else k, where, bare) for k, v in data.items()}
        if isinstance(data, list):
            return [self.expand(value, f"{path}[{place}]", where, bare) for place, value in enumerate(data)]
        if not isinstance(data, str) or "${" not in data:
            return data
        text = _VARIABLE.sub(lambda found: self._one(found, where(path)), data)
        return resolve(text) if path in bare and _VARIABLE.fullmatch(data) else text

    def _one(self, found: re.Match[str], where: str) -> str:
        escaped, name, default = found.groups()
        if escaped:
            return found[0][1:]
        if name not in self.values and default is None:
            raise MissingVariable(f"the environment variable {name} is not set", where=where)
        value = self.values.get(name, default)
        if name in self.values and value:
            self.used[name] = value
        return value

    def redact(self, text: str) -> str:
        """The text with every value that came from the environment turned back into its name."""
        for name, value in sorted(self.used.items(), key=lambda item: -len(item[1])):
            text = text.replace(value, f"${{{name}}}")
        return text
