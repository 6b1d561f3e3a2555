"""A model at rest: a signed folder of plain data, verified before it is parsed. Nothing in it is code."""
