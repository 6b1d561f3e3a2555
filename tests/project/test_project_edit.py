"""Edits say what was asked, and change nothing else."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from modelyard.errors.project import BadGraph, EditRefused
from modelyard.project.edit import (
    add_step,
    connect,
    places,
    remove_step,
    rename_step,
    set_parameter,
    unset_parameter,
)
from modelyard.project.read import read
from modelyard.project.write import flow

FILE = """\
# what this is about
modelyard: 1     # format
name:   'flights'
target: {column: late,  positive: true}   # why
steps:
  # where rows come from
  - {use: read.csv, path: "a.csv"}   # the file

  - use: clean.impute
    columns: [a,
              b]       # two of them
    strategy: median   # robust
    notes: |
      one
      two
  # between
  - {id: best, use: evaluate.compare, after: [impute, csv], split: {folds: 5}}
live:
- {id: drift, use: monitor.drift}
- use: retrain.when
  any: {drift: drifted}
  quiet:
# the end
"""

words = some.text(some.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
scalars = (
    some.none() | some.booleans() | some.integers(-(10**18), 10**18) | some.floats(allow_nan=False) | words
    | some.sampled_from(["no", "~", "1e5", "01", "*x", "!a", "${X}", "a: b", "# c", "null", "true", "-", "", " "])
)  # fmt: skip
values = some.recursive(
    scalars, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(words, inner, max_size=3), max_leaves=6
)
keys = some.from_regex(r"[a-z]{1,8}", fullmatch=True)
newlines = some.sampled_from(["\n", "\r\n"])


def lines_changed(before: str, after: str) -> int:
    return len(set(before.splitlines()) ^ set(after.splitlines()))


@given(values)
@settings(deadline=None, max_examples=200)
def test_a_value_written_reads_back_as_itself(value):
    assert repr(read(f"a: {flow(value)}\n").data["a"]) == repr(value)


@given(newlines, some.booleans(), some.sampled_from(["csv", "impute", "best", "drift", "when"]), keys, values)
@settings(deadline=None, max_examples=200)
def test_setting_a_parameter_changes_that_parameter_alone(newline, bom, id_, key, value):
    assume(key not in ("use", "id"))
    content = (b"\xef\xbb\xbf" if bom else b"") + FILE.replace("\n", newline).encode()
    before = read(content)
    after = set_parameter(before, id_, key, value)
    section, place = places(before)[id_]
    expected = dict(before.data[section][place])
    expected[key] = value
    assert repr(after.data[section][place]) == repr(expected)
    assert after.bom == bom
    assert after.text.count("\n") == after.text.count(newline)
    assert {line for line in before.text.splitlines() if line.strip().startswith("#")} <= set(after.text.splitlines())
    assert repr(read(after.to_bytes()).data) == repr(after.data)


@given(some.sampled_from(["columns", "strategy", "notes"]), values)
@settings(deadline=None, max_examples=100)
def test_values_over_several_lines_are_replaced_whole(key, value):
    after = set_parameter(read(FILE), "impute", key, value)
    assert repr(after.data["steps"][1][key]) == repr(value)
    assert after.text.endswith("# the end\n")
    assert "  # between\n" in after.text


edits = some.lists(
    some.one_of(
        some.tuples(some.just("add"), keys, some.dictionaries(keys, values, max_size=2)),
        some.tuples(some.just("set"), some.integers(0, 9), keys, values),
        some.tuples(some.just("remove"), some.integers(0, 9)),
        some.tuples(some.just("rename"), some.integers(0, 9), keys),
    ),
    max_size=6,
)


@given(edits, newlines)
@settings(deadline=None, max_examples=100)
def test_any_chain_of_edits_parses_writes_and_parses_again(chain, newline):
    document, refusals = read(FILE.replace("\n", newline)), []
    for what, *rest in chain:
        known = list(places(document))
        try:
            if what == "add":
                parameters = {k: v for k, v in rest[1].items() if k not in ("use", "id", "after", "any")}
                document = add_step(document, f"x.{rest[0]}", parameters, id_=f"n_{rest[0]}")
            elif what == "set" and rest[1] not in ("use", "id", "after", "any"):
                document = set_parameter(document, known[rest[0] % len(known)], rest[1], rest[2])
            elif what == "remove":
                document = remove_step(document, known[rest[0] % len(known)])
            elif what == "rename":
                document = rename_step(document, known[rest[0] % len(known)], f"r_{rest[1]}")
        except EditRefused as error:
            refusals.append(error.found)
    assert not [found for found in refusals if "something else" in found or "unreadable" in found]
    again = read(document.to_bytes())
    assert repr(again.data) == repr(document.data)
    for comment in ("# what this is about", "# format", "# why", "# between", "# the end"):
        assert comment in again.text
    if not any(what == "remove" for what, *_ in chain):  # a comment above a step goes with the step
        assert "# where rows come from" in again.text


def test_one_line_changes_and_quotes_stay():
    after = set_parameter(read(FILE), "csv", "path", "b.csv")
    assert '  - {use: read.csv, path: "b.csv"}   # the file\n' in after.text
    assert lines_changed(FILE, after.text) == 2


def test_a_parameter_inside_is_set():
    assert "split: {folds: 7}}" in set_parameter(read(FILE), "best", "split.folds", 7).text


def test_a_step_is_added_below_another():
    after = add_step(read(FILE), "clean.scale", {"columns": ["a"]}, below="impute")
    assert "      two\n  - {use: clean.scale, columns: [a]}\n  # between\n" in after.text
    assert lines_changed(FILE, after.text) == 1


def test_a_step_is_added_where_there_are_none():
    assert add_step(read("a: 1\n"), "x.y").text == "a: 1\nsteps:\n  - {use: x.y}\n"
    assert add_step(read("steps: []\nb: 2\n"), "x.y").text == "steps:\n  - {use: x.y}\nb: 2\n"
    assert add_step(read("steps:\nb: 2\n"), "x.y").text == "steps:\n  - {use: x.y}\nb: 2\n"
    assert add_step(read(""), "x.y").text == "steps:\n  - {use: x.y}\n"


def test_a_step_that_others_name_is_not_removed():
    with pytest.raises(EditRefused, match="'impute' is named by another step"):
        remove_step(read(FILE), "impute")
    with pytest.raises(EditRefused, match="'drift' is named"):
        remove_step(read(FILE), "drift")


def test_a_removed_step_leaves_the_comments_around_it():
    after = remove_step(read(FILE), "best")
    assert "  # between\nlive:\n" in after.text


def test_a_new_name_reaches_every_mention():
    after = rename_step(rename_step(read(FILE), "impute", "filled"), "drift", "moved")
    assert after.data["steps"][2]["after"] == ["filled", "csv"]
    assert after.data["live"][1]["any"] == {"moved": "drifted"}
    assert list(places(after)) == ["csv", "filled", "best", "moved", "when"]


def test_connecting_and_going_back_to_a_default():
    after = connect(read(FILE), "best", "csv")
    assert after.data["steps"][2]["after"] == "csv"
    assert "strategy" not in unset_parameter(after, "impute", "strategy").data["steps"][1]
    with pytest.raises(BadGraph, match="no step 'nope'"):
        connect(after, "best", "nope")
