"""Tables as numpy columns, and JSON rows in and out. Knows no library but numpy and msgspec."""
