"""Queries of an experiment as a model has encoded them: weights of terms, or vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rocchio.errors import BadRecord
from rocchio.sources.jsonl import decode_object
from rocchio.sources.opening import text_lines
from rocchio.sources.trec import QUERY_ID_FIELDS


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


def _read(path: str | Path, key: str, kind: type, form: str) -> dict[str, Any]:
    """query id -> what stands under `key`, which must be a `kind`."""
    expected = f'expected an id under one of {", ".join(QUERY_ID_FIELDS)} and {{"{key}": {form}}}'
    path = Path(path)
    topics: dict[str, Any] = {}
    for line, text in text_lines(path):
        try:
            record = decode_object(text.encode("utf-8"))
        except ValueError as error:
            raise BadRecord(path, line, str(error)) from error
        query_id = next((record[name] for name in QUERY_ID_FIELDS if name in record), None)
        value = record.get(key)
        if type(query_id) is int:
            query_id = str(query_id)
        if not isinstance(query_id, str) or not query_id.strip() or not isinstance(value, kind):
            raise BadRecord(path, line, f"{expected}, found {text[:80]!r}")
        if query_id.strip() in topics:
            raise BadRecord(path, line, f"expected every query id once, found {query_id.strip()!r} again")
        topics[query_id.strip()] = value
    if not topics:
        raise BadRecord(path, 0, "expected topics, found none")
    return topics
