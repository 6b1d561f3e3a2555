"""The calls that we use, typed."""
