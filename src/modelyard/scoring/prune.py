"""What a program does not need for its answer goes: instructions nobody reads, inputs nobody reads.

So a request carries exactly the columns that count, and nothing is computed for the waste-basket.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import asdict, replace

from modelyard.schema.contract import Field
from modelyard.scoring.instructions import wholes
from modelyard.scoring.program import Program
from modelyard.scoring.words import AnyInstruction

SINGLE = ("x", "a", "b", "test")
"""Fields that name one register; `xs` names many."""


def prune(program: Program) -> Program:
    """The same answers, bit for bit, from fewer registers. Fields that a rule names stay in the contract; a category
    that nothing else reads becomes text: a customer's number must look like one, and is never "unseen"."""
    kept = _needed(program)
    read = {register for word in kept for register in word.reads} | {*program.gives.scores, program.gives.prediction}
    there = set(program.takes.names)
    ruled = {name for rule in program.takes.rules if there.issuperset(rule.reads) for name in rule.reads}
    fields = [place for place, f in enumerate(program.takes.fields) if place in read or f.name in ruled]
    new = {place: number for number, place in enumerate(fields)}
    registers = len(fields)
    for word in kept:
        new.update({word.into + offset: registers + offset for offset in range(word.width)})
        registers += word.width
    gives = replace(
        program.gives,
        scores=tuple(new[register] for register in program.gives.scores),
        prediction=new[program.gives.prediction],
    )
    looked_up = {rule.column for rule in program.takes.rules if rule.learned}
    taken = program.takes.fields
    takes = replace(
        program.takes,
        fields=tuple(
            taken[place] if place in read or taken[place].name in looked_up else _worded(taken[place])
            for place in fields
        ),
    )
    return Program(takes, tuple(renumbered(word, new) for word in kept), gives, registers)


def _worded(field: Field) -> Field:
    return replace(field, kind="text", categories=()) if field.kind == "category" else field


def _needed(program: Program) -> list[AnyInstruction]:
    wanted = {*program.gives.scores, program.gives.prediction}
    kept: list[AnyInstruction] = []
    for word in reversed(program.instructions):
        if wanted.intersection(range(word.into, word.into + word.width)):
            kept.append(word)
            wanted.update(word.reads)
    return kept[::-1]


def renumbered(word: AnyInstruction, new: dict[int, int]) -> AnyInstruction:
    """The word with its registers called anew."""
    fields = asdict(word)
    changed: dict[str, object] = {"into": new[word.into]}
    changed.update({name: new[fields[name]] for name in SINGLE if name in fields})
    if "xs" in fields and np.issubdtype(fields["xs"].dtype, np.integer):  # Interp's xs are knots
        changed["xs"] = wholes([new[register] for register in fields["xs"].tolist()])
    return replace(word, **changed)
