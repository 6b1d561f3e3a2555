"""What is used of PyMySQL."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any

class Error(Exception): ...

class Cursor:
    @property
    def description(self) -> Sequence[tuple[str, int, Any, Any, Any, Any, Any]] | None: ...
    def execute(self, query: str, args: Sequence[object] | None = None) -> int: ...
    def executemany(self, query: str, args: Sequence[Sequence[object]]) -> int | None: ...
    def fetchone(self) -> tuple[Any, ...] | None: ...
    def fetchmany(self, size: int) -> Sequence[tuple[Any, ...]]: ...
    def fetchall(self) -> Sequence[tuple[Any, ...]]: ...
    def __enter__(self) -> Cursor: ...
    def __exit__(self, *error: object) -> None: ...

class Connection:
    _read_timeout: int
    def cursor(self, cursor: type[Cursor] | None = None) -> Cursor: ...
    def close(self) -> None: ...

def connect(
    *,
    host: str = ...,
    port: int = ...,
    unix_socket: str = ...,
    user: str,
    password: bytes,
    database: str,
    charset: str,
    connect_timeout: int,
    read_timeout: int,
    write_timeout: int,
    autocommit: bool,
    conv: Mapping[int | type[Any], Callable[..., Any]],
    ssl: ssl.SSLContext | None,
) -> Connection: ...
