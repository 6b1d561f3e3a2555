"""Policies that put the chosen model to work."""
