"""Table steps in a plan: which tables they take, what they make, and what of that a model may read."""

from __future__ import annotations

import re

import pytest

from modelyard.errors import ModelyardError
from modelyard.errors.data import BadQuery, MissingColumn
from modelyard.errors.project import BadGraph, BadPlan
from modelyard.project.graph import graph
from modelyard.project.plan import Plan, plan
from modelyard.project.read import read
from modelyard.project.settings import settings
from modelyard.schema.column import Column
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep
from modelyard.steps.monitor.rules import Rules as MonitorRules
from modelyard.steps.table.aggregate import Aggregate
from modelyard.steps.table.concat import Concat
from modelyard.steps.table.join import Join
from modelyard.steps.table.lag import Lag
from modelyard.steps.table.sql import Sql
from project_kinds import FLIGHTS, REGISTRY


class Planes(TableStep, frozen=True, kw_only=True, tag="read.planes"):
    def peek(self, ctx: Context) -> Schema:
        return Schema((Column(name="carrier", kind="category"), Column(name="seats", kind="integer")))


KINDS = REGISTRY.with_kinds(
    {
        "read.planes": Planes,
        "table.join": Join,
        "table.aggregate": Aggregate,
        "table.concat": Concat,
        "table.lag": Lag,
        "table.sql": Sql,
        "monitor.rules": MonitorRules,
    }
)
JOIN = "after: {right: planes, left: flights}"
HISTORY = "use: table.aggregate, by: carrier, over: {time: time_hour, last: 7d"


def planned(*steps: str, live: str = "") -> Plan:
    lines = "\n".join(f"  - {{{step}}}" for step in steps)
    text = FLIGHTS.replace("  - {use: read.flights}", f"  - {{id: flights, use: read.flights}}\n{lines}")
    document = read(text + (f"  - {{{live}}}\n" if live else ""))
    return plan(settings(document), graph(settings(document), document, KINDS), document, KINDS)


def refused(kind: type[ModelyardError], *steps: str) -> str:
    with pytest.raises(kind) as caught:
        planned(*steps)
    return str(caught.value)


def test_a_joined_column_is_no_requests_unless_the_step_says_so():
    join = f"id: both, use: table.join, by: carrier, {JOIN}"
    message = refused(BadPlan, "id: planes, use: read.planes", join)
    assert "makes 'seats'" in message
    assert "at_serving: from_request" in message
    assert "steps[2], modelyard.yaml:9" in message
    found = planned("id: planes, use: read.planes", f"{join}, at_serving: from_request")
    assert found.from_request == ("seats",)
    assert "seats" in found.candidates[2].features


def test_tables_come_in_the_order_of_the_step_not_of_the_file():
    found = planned("id: planes, use: read.planes", f"use: table.join, by: carrier, at_serving: from_request, {JOIN}")
    assert [port.id for port in found.graph["join"].after] == ["flights", "planes"]


@pytest.mark.parametrize(
    "join",
    [
        "use: table.join, by: carrier",
        "use: table.join, by: carrier, after: planes",
        "use: table.join, by: carrier, after: {left: flights, wrong: planes}",
        "use: table.join, by: carrier, after: [flights, planes, flights]",
        'use: table.filter, where: "true", after: [flights, planes]',
        "use: table.concat, after: {a: flights, b: planes}",
    ],
)
def test_as_many_tables_as_the_step_takes(join: str):
    message = refused(BadGraph, "id: planes, use: read.planes", join)
    assert "Write after:" in message
    assert "modelyard.yaml:9" in message


def test_history_is_sent_by_the_caller_or_refused():
    columns = "columns: {flown: count(), usual: mean(dep_delay)}"
    assert "'flown', 'usual'" in refused(BadPlan, f"{HISTORY}}}, {columns}")
    found = planned(f"{HISTORY}}}, {columns}, at_serving: from_request")
    assert found.from_request == ("flown", "usual")


def test_history_of_the_target_is_a_label_until_it_was_known():
    columns = "columns: {lateness: mean(arr_delay)}, at_serving: from_request"
    early = planned(f"{HISTORY}, delay: 2d}}, {columns}")
    assert early.schema["lateness"].origin == "label"
    assert "lateness" not in early.candidates[2].features
    assert early.from_request == ()
    known = planned(f"{HISTORY}, delay: 3d}}, {columns}")
    assert "lateness" in known.candidates[2].features


def test_what_hides_the_target_in_another_column_is_a_label_too():
    lag = "use: table.lag, columns: [arr_delay, distance], time: time_hour, at_serving: from_request"
    assert planned(lag).from_request == ("distance_lag_1",)
    sql = 'use: table.sql, query: "SELECT *, arr_delay * 2 AS twice, distance * 2 AS far FROM rows"'
    assert planned(f"{sql}, at_serving: from_request").from_request == ("far",)
    usual = "use: table.aggregate, id: usual, by: carrier, columns: {usual: mean(arr_delay)}, after: flights"
    join = "use: table.join, by: carrier, after: {left: flights, right: usual}, at_serving: from_request"
    assert planned(usual, join).from_request == ()


def test_an_overwritten_column_is_a_made_one():
    sql = 'use: table.sql, query: "SELECT * REPLACE (max(distance) OVER () AS distance) FROM rows"'
    assert "'distance'" in refused(BadPlan, sql)
    assert "begins with 'DROP'" in refused(BadQuery, 'use: table.sql, query: "DROP TABLE rows"')


def test_a_monitor_of_rules_names_columns_that_are_there():
    monitor = "use: monitor.rules, table: [{rule: null_share, column: COLUMN, max: 0.1}]"
    assert planned(live=monitor.replace("COLUMN", "dep_delay")).live[-1].kind == "monitor.rules"
    with pytest.raises(MissingColumn, match="no column 'dep_dely'") as error:
        planned(live=monitor.replace("COLUMN", "dep_dely"))
    assert "dep_delay" in str(error.value)


@pytest.mark.parametrize(
    ("rule", "log", "found"),
    [
        ("{rule: null_share, column: arr_delay, max: 0.1}", "", "no request carries 'arr_delay'"),
        ("{rule: unique, columns: [carrier]}", "without: [carrier]", "nothing is known of 'carrier'"),
        ("{rule: fresh, column: dep_delay, within: 3h}", "", "'dep_delay' is a number, not a time"),
        ("{rule: fresh, column: time_hour, within: 3 hours}", "", "'3 hours' is not a duration"),
        ("{rule: rows, min: 20, max: 3}", "", "at least 20 and at most 3 rows"),
        ("{rule: null_share, column: dep_delay, max: 20}", "", "<= 1.0"),
        ("{rule: key, columns: []}", "", "length >= 1"),
    ],
)
def test_a_rule_of_the_feed_that_no_request_could_keep_is_refused_with_its_place(rule: str, log: str, found: str):
    live = f"use: deploy.service, id: logged, log: {{{log}}}}}\n  - {{use: monitor.rules, id: feed, table: [{rule}]"
    with pytest.raises(ModelyardError, match=re.escape(found)) as error:
        planned(live=live)
    assert error.value.where.startswith("live[5]")
