"""What the server must know of a project: written into the store before anything of it is served."""

from __future__ import annotations

from typing import Any

import msgspec

from modelyard.project.plan import Plan
from modelyard.store.place import Store
from modelyard.store.serving import Serving, set_serving

SERVICE = "deploy.service"


def deploy(plan: Plan, store: Store) -> Serving:
    """Write `deploy.service` and the columns of the truth where servers look; what was written."""
    serving = served(plan)
    set_serving(store.serving, plan.project.name, serving)
    return serving


def served(plan: Plan) -> Serving:
    """By the file; its defaults where it has no deploy.service."""
    node = next((node for node in plan.live if node.kind == SERVICE), None)
    asked: dict[str, Any] = msgspec.to_builtins(node.step) if node is not None else {}
    return Serving(
        durability=asked.get("durability", "fsync"),
        without=tuple(asked.get("log", {}).get("without", ())),
        labels={name: plan.schema[name].kind for name in plan.label.parents},
    )
