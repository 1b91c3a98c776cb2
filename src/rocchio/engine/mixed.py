"""Queries of several parts: a text, weighted terms of sparse fields, vectors. Each is searched in its own index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from rocchio.errors import InvalidArgument
from rocchio.storage.schema import Schema

TEXT = "text"
"""Name of the part that searches the text fields."""


@dataclass(frozen=True, eq=False)
class MixedQuery:
    """`rocchio.query(...)`. `text` is a text or {term: weight}; `sparse` and `vectors` are by field."""

    text: str | Mapping[str, float] | None
    sparse: Mapping[str, Mapping[str, float] | None]
    vectors: Mapping[str, Any]

    def part(self, name: str | None) -> Any:
        """The part for a sparse or vector field, or for the text fields if `name` is None; None if it has none."""
        if name is None:
            return self.text
        return self.sparse[name] if name in self.sparse else self.vectors.get(name)


def query(
    text: str | Mapping[str, float] | None = None,
    *,
    vectors: Mapping[str, Any] | None = None,
    sparse: Mapping[str, Mapping[str, float] | None] | None = None,
) -> MixedQuery:
    """One query with several parts, whose answers a search fuses: `query("wing flutter", vectors={"v": vector})`.

    `text` is what a plain search takes; `vectors` are by vector field, or texts where it has an encoder; `sparse` are
    {token: weight} by sparse field. A vector or weights of None find nothing, but keep their place among the weights of
    a fusion: a text without a vector still is found by its words. Raises InvalidArgument.
    """
    for name, parts in (("vectors", vectors), ("sparse", sparse)):
        if parts is not None and not isinstance(parts, Mapping):
            raise InvalidArgument(f"expected {name} as {{field: value}}, found {type(parts).__name__}")
    if text is None and not any(part is not None for parts in (sparse, vectors) for part in (parts or {}).values()):
        raise InvalidArgument("expected a text, vectors or sparse weights in a query, found none")
    if text is not None and not isinstance(text, str | Mapping):
        raise InvalidArgument(
            f"expected a text or {{term: weight}}, found {type(text).__name__}; name a vector's field"
        )
    return MixedQuery(text, dict(sparse or {}), dict(vectors or {}))


Mixed: TypeAlias = MixedQuery | Sequence[MixedQuery]


def materialised(given: Any) -> Any:
    """The queries as they are, an iterator as a list: it is looked at more than once."""
    return list(given) if isinstance(given, Iterator) else given


def as_mixed(given: Any, options: Mapping[str, Any], schema: Schema) -> Mixed | None:
    """The queries if they have several parts, None if they are of a plain kind.

    A text has several where vector fields have encoders and no field was chosen: its words and its vectors. Raises
    InvalidArgument for a mixture, and for options that plain queries do not have.
    """
    if isinstance(given, MixedQuery):
        return given
    several = isinstance(given, list | tuple)
    if several and any(isinstance(each, MixedQuery) for each in given):
        plain = next((each for each in given if not isinstance(each, MixedQuery)), None)
        if plain is not None:
            raise InvalidArgument(
                f"expected queries that all are made by rocchio.query, found {type(plain).__name__} among them"
            )
        return given  # type: ignore[no-any-return]
    if schema.text_fields and schema.encoded_fields and options.get("field") is None:
        if isinstance(given, str):
            return of_text(given, schema)
        if several and given and all(isinstance(each, str) for each in given):
            return [of_text(each, schema) for each in given]
    for option in ("fusion", "depth"):
        if options.get(option) is not None:
            raise InvalidArgument(f"expected {option} only with queries of several parts; see rocchio.query")
    return None


def of_text(text: str, schema: Schema) -> MixedQuery:
    """A text with the vectors that the encoders of all fields make of it."""
    return query(text, vectors=dict.fromkeys(schema.encoded_fields, text))
