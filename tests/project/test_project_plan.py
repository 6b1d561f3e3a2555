"""The rules that a plan keeps, each with the step and the line."""

from __future__ import annotations

import pytest

from modelyard.errors import ModelyardError
from modelyard.errors.data import BadSelector, BadTarget, MissingColumn
from modelyard.errors.project import BadPlan
from modelyard.project.graph import graph
from modelyard.project.outcome import outcome
from modelyard.project.plan import Plan, as_written, plan
from modelyard.project.read import read
from modelyard.project.settings import settings
from modelyard.schema.duration import microseconds
from modelyard.schema.target import Target
from project_kinds import FLIGHTS, REGISTRY


def planned(text: str) -> Plan:
    document = read(text)
    project = settings(document)
    return plan(project, graph(project, document, REGISTRY), document, REGISTRY)


def refused(text: str, kind: type[ModelyardError]) -> str:
    with pytest.raises(kind) as caught:
        planned(text)
    return str(caught.value)


def test_the_baseline_is_always_among_the_candidates():
    assert [candidate.name for candidate in planned(FLIGHTS).candidates] == ["baseline", "lines", "small"]


def test_what_a_model_needs_is_put_before_it_and_before_it_alone():
    _, lines, small = planned(FLIGHTS).candidates
    assert [node.kind for node in lines.chain] == [
        "derive.expression", "clean.impute", "clean.impute", "clean.scale", "encode.one_hot", "encode.text_tfidf",
        "model.lines",
    ]  # fmt: skip
    assert [node.kind for node in small.chain] == ["derive.expression", "encode.text_tfidf", "model.trees"]
    assert [as_written(node)["id"] for node in lines.chain if node.prepared][:1] == ["auto_impute"]


def test_prepare_off_adds_nothing():
    _, lines, _ = planned(FLIGHTS.replace("steps:", "prepare: off\nsteps:", 1)).candidates
    assert [node.kind for node in lines.chain] == ["derive.expression", "model.lines"]


def test_an_own_impute_is_not_repeated():
    text = FLIGHTS.replace("  - id: best", "  - {use: clean.impute}\n  - id: best")
    kinds = [node.kind for node in planned(text).candidates[1].chain]
    assert kinds == [
        "derive.expression", "clean.impute", "clean.impute", "clean.scale", "encode.one_hot", "encode.text_tfidf",
        "model.lines",
    ]  # fmt: skip


def test_numbers_that_a_chain_leaves_unscaled_are_scaled_unless_it_says_so():
    def scaled(*steps: str) -> list[tuple[str, ...]]:
        lines = "".join(f"  - {{use: {step}}}\n" for step in ("clean.impute", *steps))
        chain = planned(FLIGHTS.replace("  - id: best", f"{lines}  - id: best")).candidates[1].chain
        return [tuple(as_written(node)["columns"]) for node in chain if node.id == "auto_scale"]

    assert scaled() == [("dep_delay", "distance")]
    assert scaled("clean.scale, columns: dep_delay") == [("distance",)]
    assert scaled("clean.scale, columns: dep_delay", "clean.scale, id: far, columns: [distance]") == []
    assert scaled("clean.scale") == []
    assert scaled("clean.scale, columns: {not: distance}") == []
    twice = 'derive.expression, id: made, columns: {twice: "dep_delay * 2"}'
    assert scaled("clean.scale, columns: dep_delay", twice) == [("distance",)]


def test_models_read_neither_target_nor_its_parents_nor_roles_nor_times_nor_texts_but_their_words():
    small = planned(FLIGHTS).candidates[2]
    assert small.features == ("carrier", "dep_delay", "distance", "weekend", "night", "note=*")
    small = planned(FLIGHTS.replace("steps:", "prepare: off\nsteps:", 1)).candidates[2]
    assert small.features == ("carrier", "dep_delay", "distance", "weekend", "night")
    assert set(small.drops) == {"id", "time_hour", "note"}


def test_the_label_rule_turns_the_late_parent_into_the_label():
    found = planned(FLIGHTS)
    assert found.label.parents == ("arr_delay",)
    assert found.label.expression == "arr_delay > 15"
    assert found.schema["arr_delay"].origin == "label"
    assert "arr_delay" not in found.inputs


def test_known_after_is_the_gap():
    assert planned(FLIGHTS).gap == microseconds("3d")


def test_a_learned_step_may_not_select_the_targets_parents():
    text = FLIGHTS.replace("  - id: best", "  - {use: clean.impute, columns: [arr_delay]}\n  - id: best")
    assert "'arr_delay' is what the target is made of" in refused(text, BadSelector)
    assert "modelyard.yaml:10" in refused(text, BadSelector)


def test_an_expression_may_not_read_the_targets_parents():
    text = FLIGHTS.replace("hour(time_hour) < 6", "arr_delay > 0")
    assert "is what the target is made of" in refused(text, BadSelector)


def test_a_learned_step_may_not_select_a_role():
    text = FLIGHTS.replace("  - id: best", "  - {use: clean.impute, columns: [id]}\n  - id: best")
    assert "'id' is the target or has a role" in refused(text, BadSelector)


def test_a_table_step_after_a_learned_one_is_refused():
    text = FLIGHTS.replace("  - id: best", '  - {use: table.filter, where: "distance > 0"}\n  - id: best')
    message = refused(text, BadPlan)
    assert "table step after the learned step 'expression'" in message
    assert "modelyard.yaml:10" in message


def test_a_column_of_a_table_step_that_a_model_reads_names_derive_expression():
    text = FLIGHTS.replace("{late: arr_delay > 15}", "{late: arr_delay > 15, far: distance > 1000}")
    message = refused(text, BadPlan)
    assert "'far'" in message
    assert "derive.expression" in message
    assert "steps[1], modelyard.yaml:8" in message


def test_unless_the_request_carries_it():
    text = FLIGHTS.replace(
        "{late: arr_delay > 15}}", "{late: arr_delay > 15, far: distance > 1000}, at_serving: from_request}"
    )
    found = planned(text)
    assert "far" in found.from_request
    assert "far" in found.candidates[2].features


def test_columns_derived_from_the_label_are_labels_too():
    text = FLIGHTS.replace("{late: arr_delay > 15}", "{late: arr_delay > 15, very: arr_delay > 60}")
    assert planned(text).schema["very"].origin == "label"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("column: late", "column: lato", 4), ("id: id,", "id: idd,", 5), ("time: time_hour", "time: time_our", 5)],
)
def test_target_and_roles_are_columns_that_exist(old, new, line):
    assert f"modelyard.yaml:{line}" in refused(FLIGHTS.replace(old, new), MissingColumn)


def test_a_missing_column_names_the_step_and_the_line():
    message = refused(FLIGHTS.replace("arr_delay > 15", "arr_dely > 15"), ModelyardError)
    assert "modelyard.yaml:8" in message


def test_a_retraining_that_waits_for_no_monitor_is_refused():
    message = refused(FLIGHTS.replace("any: {drift: drifted", "any: {drft: drifted"), BadPlan)
    assert "there is no monitor 'drft'" in message
    assert "did you mean 'drift'?" in message


def test_a_verdict_that_a_monitor_never_gives_is_refused():
    assert "never says 'worse'" in refused(FLIGHTS.replace("drift: drifted", "drift: worse"), BadPlan)


def test_two_candidates_of_one_name_are_refused():
    text = FLIGHTS.replace("id: small, ", "id: lines, ")
    assert "two candidates are called 'lines'" in refused(text, BadPlan)


def test_candidates_may_be_steps_named_by_after():
    text = FLIGHTS.replace(
        "candidates: [model.lines, {use: model.trees, id: small, trees: 10}]", "after: [a, b]"
    ).replace(
        "  - id: best",
        "  - {id: a, use: model.lines, after: expression}\n"
        "  - {id: b, use: model.trees, after: expression}\n  - id: best",
    )
    assert [candidate.name for candidate in planned(text).candidates] == ["baseline", "a", "b"]


def test_rules_on_the_way_hold_for_requests():
    rule = "  - {use: check.rules, columns: {distance: {min: 0, else: warn}}}\n"
    text = FLIGHTS.replace("  - {use: table.derive", rule + "  - {use: table.derive")
    assert [(r.column, r.min, r.otherwise) for r in planned(text).rules] == [("distance", 0.0, "warn")]


def test_two_classes_need_a_positive_one():
    with pytest.raises(BadTarget, match="none is named positive"):
        outcome(Target(column="y"), "classification", ["good", "bad"])
    assert outcome(Target(column="y", positive="bad"), "classification", ["good", "bad"]).positive == 0
    assert outcome(Target(column="y"), "classification", [0, 1]).positive == 1
    assert outcome(Target(column="y"), "classification", ["a", "b", "c"]).positive is None
    with pytest.raises(BadTarget, match="did you mean"):
        outcome(Target(column="y", positive="goood"), "classification", ["good", "bad"])
