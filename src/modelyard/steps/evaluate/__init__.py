"""Policies that compare and choose."""
