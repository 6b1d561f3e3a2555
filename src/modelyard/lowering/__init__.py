"""A library's fitted object -> plain arrays -> instructions, one file per structure.

Nothing here learns. `docs/lowering.md` says for each family how its numbers are reproduced and how exactly.
"""
