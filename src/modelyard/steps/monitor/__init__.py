"""Policies that watch it."""
