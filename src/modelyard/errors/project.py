"""Errors about the project file, its steps and the plugins that bring them."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class UnknownStep(ModelyardError):
    """`use:` names a kind of step that nothing installed offers."""

    way_out = "List the kinds with `modelyard steps`."
    exit = 2


class BrokenPlugin(ModelyardError):
    """An installed plugin does not import, offers what is already there, or offers no step."""

    way_out = "Update or remove the plugin named; `modelyard doctor` lists all of them."
