"""A first look into a bucket: does it answer, does it let this key list, what lies there."""

from __future__ import annotations

from modelyard.objects.bucket import Bucket
from modelyard.schema.object_store import ObjectStore

SHOWN = 10


def look(connection: ObjectStore) -> str:
    """Words for a person. Raises what `Bucket` raises."""
    found, more = Bucket(connection).first(SHOWN)
    count = f"more than {len(found)} objects" if more else f"{len(found)} object{'' if len(found) == 1 else 's'}"
    shown = ", ".join(one.key for one in found) + (", …" if more else "")
    return f"{count}{': ' if found else ''}{shown}"
