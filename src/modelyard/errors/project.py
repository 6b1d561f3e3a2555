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


class UnreadableFile(ModelyardError):
    """The project file is not YAML 1.2 as we read it: syntax, tags, anchors, aliases, duplicate keys, size, depth."""

    way_out = "Correct the line named; docs/project-file.md shows what the file may hold."
    exit = 2


class UnknownKey(ModelyardError):
    """The project file or a step has a key that nothing reads."""

    way_out = "Remove the key, or spell it as `modelyard steps KIND` lists it."
    exit = 2


class BadParameter(ModelyardError):
    """A value in the project file has the wrong type, or is outside what the parameter allows."""

    way_out = "See `modelyard steps KIND` for what the parameter takes."
    exit = 2


class MissingVariable(ModelyardError):
    """The project file reads an environment variable that is not set and has no default."""

    way_out = "Set the variable, or write a default: ${NAME:-default}."
    exit = 2


class BadGraph(ModelyardError):
    """Steps do not hang together: an unknown or doubled id, a cycle, a step that follows what cannot be followed."""

    way_out = "Give every step an id of its own and let `after:` name steps that are there."
    exit = 2


class BadPlan(ModelyardError):
    """The steps are well formed, but together they would train what cannot be served, or learn what it must not."""

    way_out = "Move or change the step named; docs/project-file.md gives the rules."
    exit = 2


class EditRefused(ModelyardError):
    """A change to the project file would not say what was asked, so the file was left as it is."""

    way_out = "Make the change by hand in an editor, then run `modelyard check`."
    exit = 2


class OutOfScope(ModelyardError):
    """Something was asked for that the system does not do."""

    way_out = "See docs/scope.md."
    exit = 2


class AlreadyThere(ModelyardError):
    """A file is to be written where one is; it was left as it is."""

    way_out = "Choose another name, or move the file away first."
    exit = 2
