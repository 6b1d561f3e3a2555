from collections.abc import Callable
from typing import Any

conversions: dict[int | type[Any], Callable[..., Any]]
