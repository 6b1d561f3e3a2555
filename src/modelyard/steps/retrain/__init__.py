"""Policies that learn anew."""
