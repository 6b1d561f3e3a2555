"""What every learned step must keep: its program says what its library says, whatever the batch and its order."""

from __future__ import annotations

import numpy as np

from modelyard.package.codec import from_blob, to_blob
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Contract, Field
from modelyard.scoring.bounds import carry
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.interpreter import interpret
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns


def written(learned: Learned, table: Table) -> Floats:
    """(n, k): what the program makes of the columns that the step writes."""
    made = replay(learned, table)
    return np.column_stack([made[field.name] for field in learned.writes])


def allowed(learned: Learned, table: Table) -> Floats:
    """(n, k): how far the class of equality lets each value lie from the library's."""
    fields = tuple(Field(name=n, kind=v.kind, categories=v.categories) for n, v in table.vectors.items())
    builder = ProgramBuilder(Contract(fields))
    learned.emit(builder)
    inputs = [vector.values for vector in table.vectors.values()]
    values = interpret(builder.instructions, inputs, builder.registers, len(table))
    errors = carry(builder.instructions, values, [np.zeros(len(table))] * len(inputs))
    return np.column_stack([errors[builder.register(field.name)] for field in learned.writes])


def equal(fitted: Fitted, table: Table) -> None:
    """Equal to the library, within the class of equality: to the bit where that allows nothing."""
    assert fitted.oracle is not None
    ours, theirs = written(fitted.learned, table), fitted.oracle(table)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        far = (ours != theirs) & ~(np.abs(ours - theirs) <= allowed(fitted.learned, table)) & ~np.isnan(ours)
    assert not far.any(), (ours[far][:5], theirs[far][:5])


def exact(fitted: Fitted, table: Table) -> None:
    """Equal to the library to the bit."""
    assert fitted.oracle is not None
    np.testing.assert_array_equal(written(fitted.learned, table), fitted.oracle(table))


def holds(step: Learns, train: Batch, new: Table, ctx: Context) -> None:
    """Row order, batch size, other columns and their order change nothing; what was learned is plain data; and the
    schema promised is the one that comes out."""
    learned = step.learn(train, ctx).learned
    whole = written(learned, new)
    order = np.random.default_rng(0).permutation(len(new))
    np.testing.assert_array_equal(whole[order], written(learned, new.take(order)))
    for row in range(min(5, len(new))):
        np.testing.assert_array_equal(whole[[row]], written(learned, new.take(np.array([row]))))
    backwards = Table(
        dict(reversed(new.with_({"another": next(iter(new.vectors.values()))}).vectors.items())), len(new)
    )
    np.testing.assert_array_equal(whole, written(learned, backwards))
    again = from_blob(to_blob(learned), type(learned))
    np.testing.assert_array_equal(whole, written(again, new))
    promised(step, train.X, learned, ctx)


def promised(step: Learns, table: Table, learned: Learned, ctx: Context) -> None:
    """Every column that comes out was promised, of that kind, and none that was promised as it stood is gone."""
    schema = step.schema(table.schema, ctx)
    out = replay(learned, table)
    for name, vector in out.vectors.items():
        assert schema[name].kind == vector.kind, name
        assert schema[name].nullable or vector.kind == "text" or not np.isnan(vector.values).any(), name
    assert {name for name in schema.names if "*" not in name} <= set(out.names)
