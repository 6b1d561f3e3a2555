"""Whether a service answers, and lets us in: what `modelyard connect` asks."""

from __future__ import annotations

from pathlib import Path

from modelyard.errors.connection import AccessDenied
from modelyard.frame.rest.client import Client
from modelyard.schema.connection import Rest
from modelyard.schema.limits import Limits
from modelyard.schema.url import split


def tried(connection: Rest, folder: Path) -> str:
    """What it answers where its paths begin; many services have nothing there. Raises Unreachable, ForbiddenAddress,
    AccessDenied, ServiceRefused."""
    at = split(connection.url)[1].path or "/"
    with Client(connection, folder, Limits(pages=1, time="60s")) as client:
        raw = client.get_raw(at)
        if raw.status in (401, 403):
            way_out = "Check `auth:`, its variable, and what it is allowed"
            raise AccessDenied(f"status {raw.status}", who=client.name, where=client.shown(at), way_out=way_out)
        return f"status {raw.status} at {client.shown(at)}"
