"""Queries with a text and a vector, put together from what the command line names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

import rocchio
from rocchio.cli.vector_files import read_matrix
from rocchio.engine.mixed import MixedQuery
from rocchio.errors import BadRecord, InvalidArgument
from rocchio.sources import read_mixed_topics, read_topics
from rocchio.storage.schema import Schema


class Mode(StrEnum):
    """Which parts of a query are searched."""

    LEXICAL = "lexical"
    DENSE = "dense"
    HYBRID = "hybrid"


@dataclass(frozen=True)
class Asked:
    """What the command line names: a query or topics, vectors, fields, a mode."""

    query: str | None
    topics: Path | None
    vectors: Path | None
    fields: list[str] | None
    mode: Mode | None

    def is_hybrid(self, schema: Schema) -> bool:
        """Whether words and vectors are put together here. Raises InvalidArgument where the mode does not fit.

        Without a mode, a text or topics with vectors beside them are both.
        """
        texts = self.query is not None or self.topics is not None
        if self.mode is Mode.LEXICAL and self.vectors is not None:
            raise InvalidArgument("expected no --vectors with --mode lexical, found them; leave one of the two out")
        encodes = self.query is not None and self.vectors is None and self.mode in (Mode.DENSE, Mode.HYBRID)
        if encodes and not self.has_encoder(schema):
            raise InvalidArgument(
                f"expected --vectors FILE with --mode {self.mode}, found a text for a field without an encoder; encode "
                "it with the model that encoded the documents"
            )
        if self.mode is Mode.HYBRID and not texts:
            raise InvalidArgument("expected texts with --mode hybrid, found vectors only; give a query or --topics too")
        both = self.mode is Mode.HYBRID or (self.mode is None and texts and self.vectors is not None)
        if both and self.query is not None and self.topics is not None:
            raise InvalidArgument("expected a query or --topics with --vectors, found both")
        return both

    def has_encoder(self, schema: Schema) -> bool:
        """Whether the vector field that is searched makes vectors of texts. Raises InvalidArgument if it is unclear."""
        return bool(schema.fields[split_fields(schema, self.fields)[0]].encoder)


def split_fields(schema: Schema, fields: Sequence[str] | None) -> tuple[str, list[str] | None]:
    """The vector field, and the text fields, None for all. Raises InvalidArgument where the vector field is unclear."""
    given = list(fields or [])
    named = [name for name in given if name in schema.vector_fields]
    candidates = named or schema.vector_fields
    if len(candidates) != 1:
        known = ", ".join(candidates) or "none"
        raise InvalidArgument(f"expected one vector field to search, found {known}; name it with --field")
    return candidates[0], [name for name in given if name not in named] or None


def plain_fields(schema: Schema, mode: Mode | None, fields: list[str] | None) -> list[str] | None:
    """The fields of a search of one kind. Raises InvalidArgument for fields that do not fit the mode."""
    if mode is Mode.LEXICAL and schema.vector_choice(fields) is not None:
        raise InvalidArgument(f"expected text fields with --mode lexical, found {', '.join(fields or [])}")
    if mode is Mode.LEXICAL and schema.encoded_fields:
        return fields or schema.text_fields  # named, since a text alone would be searched by its vectors too
    if mode is not Mode.DENSE:
        return fields
    name, others = split_fields(schema, fields)
    if others:
        raise InvalidArgument(f"expected only a vector field with --mode dense, found {', '.join(others)}")
    return [name]


def one_query(text: str, vectors: Path | None, field: str) -> MixedQuery:
    """A text with the one vector of a file, or with that which an encoder makes. Raises InvalidArgument, BadRecord."""
    if vectors is None:
        return rocchio.query(text, vectors={field: text})
    matrix = np.atleast_2d(read_matrix(vectors))
    if len(matrix) != 1:
        raise InvalidArgument(f"expected one vector for one text, found {len(matrix)} in {vectors}; use --topics")
    return rocchio.query(text, vectors={field: matrix[0]})


def many_queries(topics: Path, vectors: Path | None, field: str, has_encoder: bool) -> dict[str, MixedQuery]:
    """The texts of a file with the rows of an array, in order, or encoded; without either the file has both.

    Raises BadRecord.
    """
    if vectors is None and has_encoder:
        return {key: rocchio.query(text, vectors={field: text}) for key, text in read_topics(topics).items()}
    if vectors is None:
        mixed = read_mixed_topics(topics)
        return {key: rocchio.query(text, vectors={field: vector}) for key, (text, vector) in mixed.items()}
    texts, matrix = read_topics(topics), np.atleast_2d(read_matrix(vectors))
    if len(texts) != len(matrix):
        raise BadRecord(vectors, 0, f"expected a vector for each of {len(texts)} topics, in order, found {len(matrix)}")
    pairs: list[tuple[tuple[str, str], Any]] = list(zip(texts.items(), matrix, strict=True))
    return {key: rocchio.query(text, vectors={field: vector}) for (key, text), vector in pairs}
