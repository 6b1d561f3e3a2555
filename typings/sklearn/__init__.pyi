"""The calls that we use, typed."""

__version__: str
