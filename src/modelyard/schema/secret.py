"""A text that no encoder, log or message shows."""

from __future__ import annotations

from typing import Any


class Secret:
    """A text that is only had by asking for it.

    >>> word = Secret("hunter2")
    >>> word, f"{word}", word.reveal()
    (Secret(***), '***', 'hunter2')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def hidden_in(self, text: str) -> str:
        """The text with every occurrence of the secret made ***."""
        return text.replace(self._text, "***") if self._text else text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(Secret)


def as_secret(kind: type[Any], value: Any) -> Any:
    """How msgspec reads a Secret."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(f"a {kind.__name__} is written as text")
