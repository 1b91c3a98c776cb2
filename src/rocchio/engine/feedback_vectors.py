"""Feedback on vectors: reads those of feedback documents and moves queries, many of a batch together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rocchio.engine.feedback_terms import Places, parts_of
from rocchio.engine.plan_query import unit
from rocchio.feedback import VectorCorocchio, VectorFeedback

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

Matrix = npt.NDArray[np.float32]
PART_DOCUMENTS = 384
"""Feedback documents whose vectors are looked at together: few enough for the processor's cache."""


def moved_queries(
    snapshot: Snapshot,
    method: VectorFeedback | VectorCorocchio,
    queries: Sequence[Matrix | None],
    places: Sequence[Places],
    name: str,
) -> list[Matrix | None]:
    """The better vector (dim,) of each query in a vector field, None where it has none; as it is where it would become
    zero. At length 1 before it is moved, as documents are, where the metric is cosine. Raises Corruption.
    """
    moved = list(queries)
    with_vector = [number for number, query in enumerate(queries) if query is not None]
    for first, last in parts_of([places[number] for number in with_vector], PART_DOCUMENTS):
        numbers = with_vector[first:last]
        together = np.stack([query for number in numbers if (query := queries[number]) is not None])
        if snapshot.schema.fields[name].metric == "cosine":  # lengths mean nothing there
            together = unit(together)
        better = _moved(snapshot, method, together, [places[number] for number in numbers], name)
        for number, vector in zip(numbers, better, strict=True):
            moved[number] = vector
    return moved


def _moved(
    snapshot: Snapshot, method: VectorFeedback | VectorCorocchio, queries: Matrix, places: Sequence[Places], name: str
) -> Matrix:
    """The better ones (n, dim) of queries (n, dim); those that have as many documents with a vector in one go."""
    ends = np.cumsum([0, *(len(each.rows) for each in places)])
    vectors, present = _gathered(snapshot, places, name)
    if snapshot.schema.fields[name].metric == "cosine":
        vectors = unit(vectors)
    firsts = ends[:-1] + [each.positive for each in places]
    there = np.concatenate([[0], np.cumsum(present)])  # documents with a vector before each
    begins, before, after = there[ends[:-1]], there[firsts] - there[ends[:-1]], there[ends[1:]] - there[firsts]
    vectors = vectors[present]
    moved = np.empty_like(queries)
    for positive, negative in set(zip(before.tolist(), after.tolist(), strict=True)):
        alike = np.flatnonzero((before == positive) & (after == negative))
        found = vectors[begins[alike][:, None] + np.arange(positive + negative)]
        if isinstance(method, VectorCorocchio):
            for number, documents in zip(alike.tolist(), found[:, :positive], strict=True):
                each = places[number]
                weights = each.scores[: each.positive][present[ends[number] : firsts[number]]]
                moved[number] = method.move_by(queries[number], documents, weights)
        else:
            moved[alike] = method.move(queries[alike], found[:, :positive], found[:, positive:])
    return np.where(moved.any(axis=-1, keepdims=True), moved, queries)


def _gathered(snapshot: Snapshot, at: Sequence[Places], name: str) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Vectors (n, dim) of all documents, and which of them have one (n,); those of whole documents where passages have
    none of their own."""
    segments = np.concatenate([each.segments for each in at])
    rows = np.concatenate([each.rows for each in at])
    number, schema = snapshot.schema.vector_fields.index(name), snapshot.schema
    vectors = np.zeros((len(rows), schema.fields[name].dim), np.float32)
    present = np.zeros(len(rows), np.bool_)
    for place, segment in enumerate(snapshot.segments):
        here = np.flatnonzero(segments == place)
        if not len(here):
            continue
        wanted = rows[here].astype(np.int64)
        if segment.passages is not None and not schema.is_by_passage(name):
            wanted = np.array([segment.rows_of(row)[0] for row in wanted.tolist()], np.int64)
        originals = segment.vectors[number].originals
        present[here] = there = originals.is_present[wanted]
        vectors[here[there]] = originals.gather(wanted[there])
    return vectors, present
