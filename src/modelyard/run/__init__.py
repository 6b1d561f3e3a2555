"""Executes a Plan: splits, learns, compares, refits, proves, packages; what was done is not done again."""
