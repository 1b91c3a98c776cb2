"""`--passages` of `rocchio index`: which field is split, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.storage.passages import Passages
from rocchio.storage.schema import Field


def split_longest(
    fields: Mapping[str, Field], records: Sequence[Mapping[str, Any]], size: str | None
) -> tuple[dict[str, Field], str]:
    """The fields, with passages of the text field that is the longest in the `records`, and what was done in words.

    Raises InvalidArgument.
    """
    texts = [name for name, field in fields.items() if field.kind == "text"]
    if not texts:
        raise InvalidArgument("expected a text field to split into passages, found none; name one with --text")

    def characters(name: str) -> int:
        return sum(len(value) for record in records if isinstance(value := record.get(name), str))

    longest = max(texts, key=characters)
    passages = _passages(size)
    return {**fields, longest: replace(fields[longest], passages=passages)}, f"splitting {longest} into {passages}"


def _passages(size: str | None) -> Passages:
    """Passages of `TOKENS,OVERLAP`. Raises InvalidArgument."""
    if size is None:
        return rocchio.passages()
    found = re.fullmatch(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*", size)
    if found is None:
        raise InvalidArgument(f"expected --passage-size as tokens and overlap like 200,30, found {size!r}")
    return rocchio.passages(int(found[1]), int(found[2]))
