"""Watch the answers: how good were they, once the truth is known? Honoured by loop/, computed by measure/."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field

from modelyard.errors.project import BadParameter
from modelyard.project.comparison import Metric
from modelyard.schema.duration import microseconds
from modelyard.step.step import Policy


class Labels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of truths, a file or a table of a connection: found by `key` (the id unless said), in the column `value`
    (the target unless said)."""

    path: str | None = None
    connection: str | None = None
    table: str | None = None
    key: tuple[str, ...] = ()
    value: str | None = None
    cursor: str | None = None
    """Of a table: the column that grows when a label is written; each turn then reads only what is new."""

    def __post_init__(self) -> None:
        named = (self.path is not None, self.connection is not None, self.table is not None)
        if named not in ((True, False, False), (False, True, True)):
            way_out = "Write {path: …} or {connection: …, table: …}"
            raise BadParameter("labels come from a file or from a table", way_out=way_out)
        if self.cursor is not None and self.connection is None:
            way_out = "Leave it out: a file is read whole, and what it says again is not logged again"
            raise BadParameter("labels of a file have no `cursor:`", way_out=way_out)


class Performance(Policy, frozen=True, kw_only=True, tag="monitor.performance"):
    """`worse` only when the interval of a metric lies wholly past its limit.

    Right: truths that come within days, or a calibrated estimate until they do. Wrong: a limit at the model's
    own average: half of all windows lie below it.

    >>> Performance(worse_than={"roc_auc": 0.8}).labels
    'http'
    """

    verdicts: ClassVar[tuple[str, ...]] = ("worse",)

    labels: Annotated[Literal["http"] | Labels, Meta(description="Where truths come from.")] = "http"
    worse_than: Annotated[
        dict[Metric, float], Meta(description="Limits; empty: significantly worse than on the holdout.")
    ] = field(default_factory=dict)
    window: Annotated[str, Meta(description="How much event time is judged at once.")] = "7d"

    def __post_init__(self) -> None:
        microseconds(self.window)
