"""The file as it is read: traps, places, variables, steps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from modelyard.errors import ModelyardError
from modelyard.errors.project import (
    BadGraph,
    BadParameter,
    BrokenPlugin,
    MissingVariable,
    OutOfScope,
    UnknownKey,
    UnknownStep,
    UnreadableFile,
)
from modelyard.project.environment import Environment
from modelyard.project.graph import graph
from modelyard.project.read import MAX_BYTES, read
from modelyard.project.scope import SENTENCES
from modelyard.project.settings import settings
from modelyard.step.step import Learns
from project_kinds import FLIGHTS, REGISTRY


def built(text: str, **environment: str):
    document = read(text)
    values = Environment(environment)
    return graph(settings(document, values), document, REGISTRY, values)


def refused(text: str, kind: type[ModelyardError], **environment: str) -> str:
    with pytest.raises(kind) as caught:
        built(text, **environment)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "corrected"),
    [
        ("codes: [01234]", 'codes: ["01234"]'),
        ("{password: ${X}}", '{password: "${X}"}'),
        ("a: {b: ${X:-y}, c: 1}", 'a: {b: "${X:-y}", c: 1}'),
        ("columns: *_amount", 'columns: "*_amount"'),
        ("columns: [a, *_amount]", 'columns: [a, "*_amount"]'),
        ("columns: !numeric", "columns: {not: numeric}"),
    ],
)
def test_a_trap_is_answered_with_the_corrected_line(line, corrected):
    with pytest.raises(UnreadableFile) as caught:
        read(f"first: 1\n{line}\n")
    assert caught.value.advice == f"Write: {corrected}"
    assert caught.value.where == "modelyard.yaml:2"
    assert read(f"{corrected}\n").data


def test_yaml_is_read_as_1_2():
    text = "a: [yes, NO, on, off]\nb: 1e-3\nc: 2013-01-01\nd: 12:30:00\ne: ~\nf: 0o17\ng: 1_000\nh: '01'\ni: .5\n"
    assert read(text).data == {
        "a": ["yes", "NO", "on", "off"], "b": 0.001, "c": "2013-01-01", "d": "12:30:00", "e": None, "f": 15,
        "g": "1_000", "h": "01", "i": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x\n", "a: !!python/object:os.system x\n", "a: 1\na: 2\n", "<<: {a: 1}\n",
        "%YAML 1.1\n---\na: 1\n",
        "- 1\n", "just words\n", "a: 1\n---\nb: 2\n", "a: b: c\n", "a:\n\t- 1\n", "a: " + "[" * 5000 + "\n",
        "a: " + "[" * 60 + "]" * 60 + "\n", "{1: 2, ? [a] : b}\n", "a: \x00\n",
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused_with_a_place(text):
    with pytest.raises(UnreadableFile) as caught:
        read(text)
    assert caught.value.where.startswith("modelyard.yaml")


def test_size_and_encoding_are_checked():
    with pytest.raises(UnreadableFile, match="bytes, more than"):
        read(b"#" * (MAX_BYTES + 1))
    with pytest.raises(UnreadableFile, match="byte 3 is not UTF-8"):
        read(b"a: \xff\n")


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_untouched_file_is_written_byte_for_byte(start, newline):
    text = "a:   'x'  # why\n\nb: [ 1,2 ]\nc: ~\nd: \"q\"\n# end"
    content = start + text.replace("\n", newline).encode()
    document = read(content)
    assert document.to_bytes() == content
    assert document.data == {"a": "x", "b": [1, 2], "c": None, "d": "q"}
    assert document.line("b[1]") == 3


def test_default_ids_are_last_words_and_steps_follow_one_another():
    found = built(FLIGHTS)
    assert [node.id for node in found.steps] == ["flights", "derive", "expression", "best", "threshold"]
    assert [[port.id for port in node.after] for node in found.steps] == [
        [], ["flights"], ["derive"], ["expression"], ["best"],
    ]  # fmt: skip
    assert found["best"].line == 10
    assert [node.id for node in found.live] == ["service", "drift", "quality", "when"]


@pytest.mark.parametrize(
    ("old", "new", "kind", "said"),
    [
        ("choose: roc_auc", "chose: roc_auc", UnknownKey, ("did you mean 'choose'?", "steps[3].chose", ":14")),
        ("folds: 5", "fold: 5", UnknownKey, ("did you mean 'folds'?", "steps[3].split.fold", ":13")),
        ("folds: 5", "folds: five", BadParameter, ("Expected `int`, got `str`", "steps[3].split.folds", ":13")),
        ("folds: 5", "folds: 1", BadParameter, (">= 2", "steps[3].split.folds")),
        ("choose: roc_auc", "choose: auc", BadParameter, ("'auc'", "steps[3].choose")),
        ("name: flights", "nmae: flights", UnknownKey, ("did you mean 'name'?", ":2")),
        ("name: flights\n", "", BadParameter, ("`name:` is missing",)),
        ("modelyard: 1", "modelyard: 2", BadParameter, ("format 2", ":1")),
        ("use: decide.threshold", "use: decide.treshold", UnknownStep, ("did you mean 'decide.threshold'?", ":15")),
        ("use: decide.threshold", "usse: decide.threshold", BadParameter, ("without `use:`", "steps[4]")),
        ("id: best", "id: derive", BadGraph, ("two steps have the id 'derive', the first on line 8", ":10")),
        ("id: best", "id: best\n    after: expresion", BadGraph, ("did you mean 'expression'?", "steps[3].after")),
        ("id: best", "id: best\n    after: best", BadGraph, ("wait for one another: best",)),
        ("keep: 30d", "keep: 30 days", ModelyardError, ("'30 days' is not a duration", "live[0]", ":17")),
        ("known_after: 3d", "known_after: soon", ModelyardError, ("'soon' is not a duration",)),
        ("task: classification", "task: regression", BadParameter, ("`positive:`", "target.positive")),
        ("roles:", "timezone: Mars\nroles:", BadParameter, ("'Mars' is no time zone",)),
        ("columns: {night", "columns: {[night]", UnreadableFile, ()),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_path_and_line(old, new, kind, said):
    assert old in FLIGHTS
    message = refused(FLIGHTS.replace(old, new, 1), kind)
    for part in said:
        assert part in message


def test_variables_are_replaced_and_what_was_written_is_kept():
    text = FLIGHTS.replace("{use: read.flights}", '{use: read.flights, path: "${DIR:-data}/x", password: "${PW}"}')
    node = built(text, PW="hunter22")["flights"]
    assert (node.step.path, node.step.password) == ("data/x", "hunter22")
    assert node.written == {"path": "${DIR:-data}/x", "password": "${PW}"}


def test_a_variable_that_is_not_set_is_named_with_its_line():
    text = FLIGHTS.replace("{use: read.flights}", '{use: read.flights, password: "${PW}"}')
    message = refused(text, MissingVariable)
    assert "PW is not set" in message
    assert "steps[0].password, modelyard.yaml:7" in message


def test_a_secret_is_in_no_error():
    for key in ("choose", "metrics", "refit"):
        text = FLIGHTS.replace("choose: roc_auc", f'{key}: "${{PW}}"')
        message = refused(text, BadParameter, PW="hunter22")
        assert "hunter22" not in message
    text = FLIGHTS.replace("keep: 30d", 'keep: "${PW}"')
    assert "hunter22" not in refused(text, ModelyardError, PW="hunter22")


def test_an_unquoted_variable_alone_is_read_as_yaml_would():
    text = FLIGHTS.replace("split: {folds: 5, holdout: {last: 14d}}", "split:\n      folds: ${FOLDS}")
    assert built(text, FOLDS="7")["best"].step.split.folds == 7


@pytest.mark.parametrize("task", sorted(SENTENCES))
def test_what_the_system_does_not_do_is_said_in_the_same_sentence_as_in_the_docs(task):
    message = refused(FLIGHTS.replace("task: classification", f"task: {task}"), OutOfScope)
    assert SENTENCES[task].rstrip(".") in message
    page = Path(__file__).parents[2] / "docs" / "scope.md"
    assert f"| `{task}` | {SENTENCES[task]} |" in page.read_text(encoding="utf-8")


class IllDeclared(Learns, frozen=True, kw_only=True, tag="clean.ill"):
    depth: Annotated[int | None, Meta(ge=1)] = None


def test_a_kind_whose_fields_are_ill_declared_is_a_broken_plugin():
    document = read(FLIGHTS.replace("use: derive.expression, columns: {night", "use: clean.ill, depth: 1} # {night"))
    with pytest.raises(BrokenPlugin, match="its parameters cannot be read"):
        graph(settings(document), document, REGISTRY.with_kinds({"clean.ill": IllDeclared}))
