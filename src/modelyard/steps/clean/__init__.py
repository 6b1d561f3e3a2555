"""Learned repairs of numbers and categories."""
