"""Errors about learning a model and writing down what a library learned."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class WrongTask(ModelyardError):
    """A model, or one of its parameters, does not fit the task: a regressor for classes, class weights for numbers."""

    way_out = "Choose a model for the task, or change `task:` of the project file."
    exit = 2


class LearningFailed(ModelyardError):
    """The library refused to learn from these rows."""

    way_out = "Read the library's own words above; `modelyard show` prints the columns that reached the step."


class CannotWriteDown(ModelyardError):
    """What a library learned has a form, or a private layout, that this version does not know how to write down."""

    way_out = "Install the library version that `modelyard doctor` names, or turn off the option named."
