"""Sources: a file becomes a frame, and `peek` says what it will be."""
