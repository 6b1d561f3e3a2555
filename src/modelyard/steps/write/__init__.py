"""A frame becomes a file."""
