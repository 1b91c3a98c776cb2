"""Texts among the words of text fields, with little around the kernels: for callers that have many small batches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rocchio._native import Kernel
from rocchio.engine.execution import search_batch
from rocchio.engine.queries import check_k
from rocchio.engine.snapshot import Snapshot
from rocchio.storage.schema import Schema
from rocchio.types import DocId


def searches_words(schema: Schema, field: str | None) -> bool:
    """Whether a text is looked for among words: not in a sparse or vector field, nor by vectors that encoders make."""
    if field is None:
        return not schema.encoded_fields
    return field not in schema.sparse_fields and field not in schema.vector_fields


def search_words(
    snapshot: Snapshot, texts: Sequence[str], k: int, field: str | None, scoring: str | None
) -> list[list[tuple[DocId, float]]]:
    """The same as `snapshot.search(texts, k, field=field, scoring=scoring)`, as pairs, where `searches_words`.

    Raises InvalidArgument, Corruption.
    """
    view, to_batch = snapshot.view({"field": field, "scoring": scoring})
    found = search_batch(view, to_batch(texts), check_k(k), Kernel.automatic)
    pairs = list(zip(view.searcher.doc_ids(found.segments, found.rows), found.scores.tolist(), strict=True))
    return [pairs[begin:end] for begin, end in pairwise(found.offsets.tolist())]
