"""A trained pipeline as a small program: the instruction set, the numpy interpreter, the native kernel."""
