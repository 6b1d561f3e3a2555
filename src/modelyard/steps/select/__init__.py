"""Which columns are worth keeping, learned from training rows."""
