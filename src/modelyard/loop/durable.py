"""Durable workflows: each step's answer is kept, so that a process that was killed goes on after its last step.

DBOS on a SQLite file of the store. Its pickles, its console, its version by source code are not ours: answers are JSON,
it says nothing, and a run begun by one version of Modelyard is finished by the next. It keeps one instance per process:
one `Durable` may be open at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import msgspec
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from dbos import error as dbos_error

from modelyard.errors.loop import RetrainFailed
from modelyard.loop.leader import alone

VERSION = "1"
"""Raise it when a workflow's steps change their order or meaning: a run begun before is then begun anew, under an id of
its own, and its steps find what they did."""
FAILED = "$failed"

Plain = Any
"""What JSON can hold."""
Workflow = Callable[[str], Plain]


class Json(Serializer):
    """What DBOS keeps, as JSON. An error is kept as its sentence."""

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            data = {FAILED: str(data) or type(data).__name__}
        return msgspec.json.encode(data).decode()

    def deserialize(self, serialized_data: str) -> Any:
        found = msgspec.json.decode(serialized_data)
        return RetrainFailed(str(found[FAILED])) if isinstance(found, dict) and FAILED in found else found

    def name(self) -> str:
        return "modelyard_json"


class Durable:
    """Workflows by name; each takes the id that it runs under."""

    def __init__(self, database: Path, workflows: Mapping[str, Workflow]) -> None:
        self._lock = database.with_suffix(".lock")
        self._config: DBOSConfig = {
            "name": "modelyard",
            "system_database_url": f"sqlite:///{database}",
            "serializer": Json(),
            "application_version": VERSION,
            "executor_id": "loop",
            "log_level": "CRITICAL",
            "enable_otlp": False,
        }
        self._given = dict(workflows)
        self._known: dict[str, Workflow] = {}
        self._held = ExitStack()

    def __enter__(self) -> Durable:
        """Whoever opens it goes on with what was left, so only one process may. Raises NotLeader."""
        with ExitStack() as held:
            held.enter_context(alone(self._lock))
            held.callback(DBOS.destroy, destroy_registry=True)
            self._known = {name: DBOS.workflow(name=name)(_function(given)) for name, given in self._given.items()}
            DBOS(config=self._config)
            DBOS.launch()
            self._held = held.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def start(self, workflow: str, run: str) -> None:
        """Begin it under that id, or leave it alone where it was begun before."""
        with SetWorkflowID(_id(run)):
            DBOS.start_workflow(self._known[workflow], run)

    def wait(self, run: str) -> Plain:
        """Its answer. Raises RetrainFailed."""
        try:
            answer: Plain = DBOS.retrieve_workflow(_id(run)).get_result(polling_interval_sec=0.05)
        except dbos_error.DBOSException as error:
            raise RetrainFailed(str(error)) from error
        return answer

    def status(self, run: str) -> Literal["unknown", "running", "done", "failed"]:
        try:
            word = DBOS.retrieve_workflow(_id(run)).get_status().status
        except dbos_error.DBOSNonExistentWorkflowError:
            return "unknown"
        if word == "SUCCESS":
            return "done"
        return "running" if word in ("PENDING", "ENQUEUED", "DELAYED") else "failed"


def _id(run: str) -> str:
    return f"{VERSION}/{run}"


def _function(given: Workflow) -> Workflow:
    """DBOS marks what it runs, and a method cannot be marked."""

    def workflow(run: str) -> Plain:
        return given(run)

    return workflow


def step(name: str, action: Callable[[], Plain]) -> Plain:
    """Within a workflow: do it, keep its answer; after a crash the answer kept, the action not done again."""
    return DBOS.run_step({"name": name}, action)
