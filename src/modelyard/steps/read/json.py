"""Read a JSON file, or the files of a glob, as one table: an array of objects, or one object a line.

Nested keys become columns `a.b`; a list stays its JSON text.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from modelyard.errors.project import BadParameter
from modelyard.frame.suffixes import JSON, packable
from modelyard.step.context import Context
from modelyard.step.filed import PackedOrPlain
from modelyard.step.gathering import Gathering

if TYPE_CHECKING:
    from modelyard.frame.gathered import Gathered

INFER = 100_000
"""Rows of each file from which columns and kinds are found."""


class Json(Gathering, frozen=True, kw_only=True, tag="read.json"):
    """Rows of a JSON file: one object a row, nested keys as `a.b`.

    Right: an export with one object a row. Wrong: a service that pages: read.rest.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from modelyard.step.context import Context
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = Path(folder, "in.json").write_text('{"rows": [{"of": {"age": 41}}, {"of": {}}]}', encoding="utf-8")
    ...     Json(path="in.json", records="rows").run(Context(folder=Path(folder))).collect().to_dict(as_series=False)
    {'of.age': [41, None]}
    """

    keys_are_columns: ClassVar[bool] = True

    ends: ClassVar[tuple[str, ...]] = packable(JSON)

    path: PackedOrPlain
    layout: Annotated[
        Literal["auto", "records", "lines"],
        Meta(description="An array of objects, or one object a line; `auto` looks at the first character."),
    ] = "auto"
    records: Annotated[str, Meta(description="The keys, joined by dots, under which the array lies.")] = ""
    encoding: Annotated[str, Meta(description="As Python names it: latin-1, utf-16 …", min_length=1)] = "utf8"

    def __post_init__(self) -> None:
        kept = PurePath(self.quarantine or "")
        if self.quarantine is not None and (kept.is_relative_to(self.path) or kept.match(self.path)):
            found = f"`quarantine:` is {self.quarantine}, which `path: {self.path}` would read the next time"
            raise BadParameter(found, way_out="Name a file elsewhere")

    def _read(self, ctx: Context, whole: bool) -> Gathered:
        from modelyard.errors.data import UnreadableTable
        from modelyard.frame.gathered import Gathered
        from modelyard.frame.objects import NotJson, flat, items
        from modelyard.frame.opened import opened

        found = Gathered(INFER, self.quarantine is not None)
        for file in self.files(ctx):
            body = bytes(opened(file, self.encoding)[:])
            try:
                for item in items(body, self.layout, self.records):
                    found.add(file, item.line, item.text, flat(item.text))
                    if not whole and found.full(file):
                        break
            except NotJson as error:
                raise UnreadableTable(error.found, where=f"{file}, line {error.line}") from None
        return found
