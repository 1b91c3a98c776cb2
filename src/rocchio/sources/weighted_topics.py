"""Queries of an experiment as a model has encoded them: weights of terms, vectors, or texts with vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rocchio.errors import BadRecord
from rocchio.sources.jsonl import decode_object
from rocchio.sources.opening import text_lines
from rocchio.sources.trec import QUERY_ID_FIELDS, QUERY_TEXT_FIELDS


def read_weighted_topics(path: str | Path) -> dict[str, dict[str, float]]:
    """Queries of a sparse field: query id -> {token: weight}, in file order.

    JSON Lines with `_id`, `qid`, `query_id` or `id`, and `weights`; plain, gzip or zstd. Weights themselves are checked
    by the search. Raises: BadRecord with the line, NotFound, StorageFailure.
    """
    return _read(path, "weights", dict, "{token: number}")


def read_vector_topics(path: str | Path) -> dict[str, list[float]]:
    """Queries of a vector field: query id -> numbers, in file order.

    JSON Lines as for `read_weighted_topics`, with `vector`, a list of numbers, in place of weights. The numbers are
    checked by the search. Raises: BadRecord with the line, NotFound, StorageFailure.
    """
    return _read(path, "vector", list, "[number, ...]")


def read_mixed_topics(path: str | Path) -> dict[str, tuple[str | None, list[float] | None]]:
    """Queries with words and vectors: query id -> (text, numbers), in file order; one of both may be None.

    JSON Lines with an id as for `read_weighted_topics`, `text`, `query` or `title`, and `vector`, a list of numbers.
    The numbers are checked by the search. Raises: BadRecord with the line, NotFound, StorageFailure.
    """
    path = Path(path)
    topics: dict[str, tuple[str | None, list[float] | None]] = {}
    expected = f'expected an id under one of {", ".join(QUERY_ID_FIELDS)}, a text and {{"vector": [number, ...]}}'
    for line, found, query_id, record in _records(path, expected):
        text = next((record[name] for name in QUERY_TEXT_FIELDS if name in record), None)
        vector = record.get("vector")
        fits = isinstance(text, str | None) and isinstance(vector, list | None)
        if not fits or (text is None and vector is None):
            raise BadRecord(path, line, f"{expected}, found {found[:80]!r}")
        topics[query_id] = text, vector
    return topics


def _read(path: str | Path, key: str, kind: type, form: str) -> dict[str, Any]:
    """query id -> what stands under `key`, which must be a `kind`."""
    expected = f'expected an id under one of {", ".join(QUERY_ID_FIELDS)} and {{"{key}": {form}}}'
    path = Path(path)
    topics: dict[str, Any] = {}
    for line, found, query_id, record in _records(path, expected):
        if not isinstance(record.get(key), kind):
            raise BadRecord(path, line, f"{expected}, found {found[:80]!r}")
        topics[query_id] = record[key]
    return topics


def _records(path: Path, expected: str) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
    """(line number, line, query id, record) of a JSON Lines file in which every id is there once. Raises BadRecord."""
    seen: set[str] = set()
    for line, text in text_lines(path):
        try:
            record = decode_object(text.encode("utf-8"))
        except ValueError as error:
            raise BadRecord(path, line, str(error)) from error
        query_id = next((record[name] for name in QUERY_ID_FIELDS if name in record), None)
        if type(query_id) is int:
            query_id = str(query_id)
        if not isinstance(query_id, str) or not query_id.strip():
            raise BadRecord(path, line, f"{expected}, found {text[:80]!r}")
        if query_id.strip() in seen:
            raise BadRecord(path, line, f"expected every query id once, found {query_id.strip()!r} again")
        seen.add(query_id.strip())
        yield line, text, query_id.strip(), record
    if not seen:
        raise BadRecord(path, 0, "expected topics, found none")
