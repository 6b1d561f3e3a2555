"""Which training rows count, and for how much."""
