"""Models: what turns features into scores."""
