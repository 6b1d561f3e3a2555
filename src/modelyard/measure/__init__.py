"""Arrays in, a number with its interval out. Every file is pure: no clock, no files, no global state, no randomness
without a seed that the caller gives."""
