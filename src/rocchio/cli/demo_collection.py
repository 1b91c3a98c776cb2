"""The collection of the demonstrations: the docstrings of the standard library, with queries and judgements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import rocchio
from rocchio.cli.output import progress
from rocchio.engine.collection import Collection
from rocchio.sources import collect_docstrings, known_item_queries
from rocchio.types import Qrels, Topics

NAME = "docstrings"
QUERIES, QRELS = "queries.jsonl", "qrels.tsv"
SERVED_QUERIES = 300
"""Queries for the experiment page: enough to tell plans apart, few enough to paste."""


def build_docstrings(path: Path, documents: list[dict[str, Any]], *, quiet: bool, vectors: bool = False) -> Collection:
    """A new collection of the documents; with `vectors` also of their meaning, by `lsa`, and with their lengths."""
    fields = {
        "text": rocchio.text(),
        "title": rocchio.keyword(),
        "module": rocchio.keyword(),
        "kind": rocchio.keyword(),
    }
    if vectors:
        fields |= {"lines": rocchio.number(integer=True), "meaning": rocchio.vector(encoder="lsa(dim=64)")}
        documents = [{**document, "lines": document["text"].count("\n") + 1} for document in documents]
    col = rocchio.create(path, fields=fields)
    with col, progress("indexing docstrings", quiet) as update:
        for first in range(0, len(documents), 500):
            col.add(documents[first : first + 500])
            done = min(first + 500, len(documents))
            update(done, done, len(documents))
        col.commit()
    return col


def build_served(folder: Path) -> None:
    """The collection with vectors in `folder`, and beside it files of queries and judgements for experiments."""
    documents, topics, qrels = known_item_queries(collect_docstrings())
    build_docstrings(folder / f"{NAME}.rocchio", documents, quiet=False, vectors=True)
    _write_judged(folder, topics, qrels)


def _write_judged(folder: Path, topics: Topics, qrels: Qrels) -> None:
    chosen = list(topics)[:: max(1, len(topics) // SERVED_QUERIES)]
    queries = [json.dumps({"_id": query_id, "text": topics[query_id]}) for query_id in chosen]
    rows = [f"{query_id}\t{doc_id}\t{grade}" for query_id in chosen for doc_id, grade in qrels[query_id].items()]
    (folder / QUERIES).write_text("\n".join(queries) + "\n", encoding="utf-8")
    (folder / QRELS).write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n", encoding="utf-8")
