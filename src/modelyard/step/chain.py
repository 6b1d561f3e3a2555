"""A chain of learned steps as one program, and the replay of one step on a table."""

from __future__ import annotations

from collections.abc import Sequence

from modelyard.rows.table import Table, Vector
from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import Outcome
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.engine import execute
from modelyard.scoring.program import Program
from modelyard.scoring.prune import prune
from modelyard.step.fitted import Learned


def compile_chain(takes: Contract, chain: Sequence[Learned], outcome: Outcome) -> Program:
    """The program of the whole chain, reading only what the answer needs."""
    builder = ProgramBuilder(takes)
    for learned in chain:
        learned.emit(builder)
        builder.drop(learned.removes)
    return prune(builder.finish(outcome))


def replay(learned: Learned, table: Table) -> Table:
    """The table after the step, computed by the instructions that will also serve."""
    fields = tuple(Field(name=n, kind=v.kind, categories=v.categories) for n, v in table.vectors.items())
    builder = ProgramBuilder(Contract(fields))
    learned.emit(builder)
    wanted = [builder.register(field.name) for field in learned.writes]
    inputs = [vector.values for vector in table.vectors.values()]
    values = execute(builder.instructions, inputs, builder.registers, wanted, len(table))
    made = {f.name: Vector(f.kind, v, f.categories) for f, v in zip(learned.writes, values, strict=True)}
    return table.with_(made).without(learned.removes)
