"""One file per kind of step; path = kind. Nobody imports these by name: they come in by entry points."""
