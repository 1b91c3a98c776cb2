"""What retrievers of frameworks return of a collection with any fields."""

from __future__ import annotations

import json
from typing import Any

from rocchio.integrations.table import METADATA, RESERVED
from rocchio.storage.schema import Schema
from rocchio.types import Hit


def content_of(hit: Hit, schema: Schema, content: str | None) -> str:
    """The text of a hit: its best passage, the field `content`, or all its text fields."""
    if content is None and (passage := hit.passage) is not None:
        return passage.text
    names = schema.text_fields if content is None else (content,)
    return "\n".join(text for name in names if (text := hit.fields.get(name)))


def metadata_of(hit: Hit, schema: Schema) -> dict[str, Any]:
    """The other stored fields of a hit; those of a store as they were given to it."""
    fields = hit.fields
    if set(RESERVED) <= schema.fields.keys() and fields.get(METADATA):
        return dict(json.loads(fields[METADATA]))
    skipped = {"text", "sparse", "vector"}
    return {name: value for name, value in fields.items()
            if schema.fields[name].kind not in skipped and value is not None}  # fmt: skip
