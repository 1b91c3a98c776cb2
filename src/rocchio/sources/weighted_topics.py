"""Queries of an experiment whose terms a model has weighed."""

from __future__ import annotations

from pathlib import Path

from rocchio.errors import BadRecord
from rocchio.sources.jsonl import decode_object
from rocchio.sources.opening import text_lines
from rocchio.sources.trec import QUERY_ID_FIELDS

_EXPECTED = f'expected an id under one of {", ".join(QUERY_ID_FIELDS)} and {{"weights": {{token: number}}}}'


def read_weighted_topics(path: str | Path) -> dict[str, dict[str, float]]:
    """Queries of a sparse field: query id -> {token: weight}, in file order.

    JSON Lines with `_id`, `qid`, `query_id` or `id`, and `weights`; plain, gzip or zstd. Weights themselves are checked
    by the search. Raises: BadRecord with the line, NotFound, StorageFailure.
    """
    path = Path(path)
    topics: dict[str, dict[str, float]] = {}
    for line, text in text_lines(path):
        try:
            record = decode_object(text.encode("utf-8"))
        except ValueError as error:
            raise BadRecord(path, line, str(error)) from error
        query_id = next((record[name] for name in QUERY_ID_FIELDS if name in record), None)
        weights = record.get("weights")
        if type(query_id) is int:
            query_id = str(query_id)
        if not isinstance(query_id, str) or not query_id.strip() or not isinstance(weights, dict):
            raise BadRecord(path, line, f"{_EXPECTED}, found {text[:80]!r}")
        if query_id.strip() in topics:
            raise BadRecord(path, line, f"expected every query id once, found {query_id.strip()!r} again")
        topics[query_id.strip()] = weights
    if not topics:
        raise BadRecord(path, 0, "expected topics, found none")
    return topics
