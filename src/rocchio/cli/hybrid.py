"""Queries with a text and a vector, put together from what the command line names."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

import rocchio
from rocchio.cli.vectors import read_matrix
from rocchio.engine.mixed import MixedQuery
from rocchio.errors import BadRecord, InvalidArgument
from rocchio.sources import read_mixed_topics, read_topics
from rocchio.storage.schema import Schema


class Mode(StrEnum):
    """Which parts of a query are searched."""

    LEXICAL = "lexical"
    DENSE = "dense"
    HYBRID = "hybrid"


def is_hybrid(mode: Mode | None, query: str | None, topics: Path | None, vectors: Path | None) -> bool:
    """Whether both words and vectors are searched. Raises InvalidArgument for a mode that does not fit what is given.

    Without a mode, a text or topics with vectors beside them are both.
    """
    texts = query is not None or topics is not None
    if mode is Mode.LEXICAL and vectors is not None:
        raise InvalidArgument("expected no --vectors with --mode lexical, found them; leave one of the two out")
    if mode is Mode.DENSE and query is not None:
        raise InvalidArgument(
            "expected --vectors FILE or --topics with vectors with --mode dense, found a text; encode it with the "
            "model that encoded the documents"
        )
    if mode is Mode.HYBRID and not (texts and (vectors is not None or topics is not None)):
        raise InvalidArgument(
            "expected texts and vectors with --mode hybrid, found one kind; give a query or --topics, and --vectors, "
            "or --topics with both"
        )
    if mode is Mode.HYBRID or (mode is None and texts and vectors is not None):
        if query is not None and topics is not None:
            raise InvalidArgument("expected a query or --topics with --vectors, found both")
        return True
    return False


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
    if mode is not Mode.DENSE:
        return fields
    name, others = split_fields(schema, fields)
    if others:
        raise InvalidArgument(f"expected only a vector field with --mode dense, found {', '.join(others)}")
    return [name]


def one_query(text: str, vectors: Path, field: str) -> MixedQuery:
    """A text with the single vector of a file. Raises InvalidArgument, BadRecord, NotFound."""
    matrix = np.atleast_2d(read_matrix(vectors))
    if len(matrix) != 1:
        raise InvalidArgument(f"expected one vector for one text, found {len(matrix)} in {vectors}; use --topics")
    return rocchio.query(text, vectors={field: matrix[0]})


def many_queries(topics: Path, vectors: Path | None, field: str) -> dict[str, MixedQuery]:
    """The texts of a file with the rows of an array, in order; without one the file has both. Raises BadRecord."""
    if vectors is None:
        mixed = read_mixed_topics(topics)
        return {key: rocchio.query(text, vectors={field: vector}) for key, (text, vector) in mixed.items()}
    texts, matrix = read_topics(topics), np.atleast_2d(read_matrix(vectors))
    if len(texts) != len(matrix):
        raise BadRecord(vectors, 0, f"expected a vector for each of {len(texts)} topics, in order, found {len(matrix)}")
    pairs: list[tuple[tuple[str, str], Any]] = list(zip(texts.items(), matrix, strict=True))
    return {key: rocchio.query(text, vectors={field: vector}) for (key, text), vector in pairs}
