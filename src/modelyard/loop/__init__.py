"""Predictions and late labels in, verdicts and better models out. Takes a clock; what must not be lost is durable."""
