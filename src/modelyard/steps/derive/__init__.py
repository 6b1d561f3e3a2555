"""New columns that a prediction needs too."""
