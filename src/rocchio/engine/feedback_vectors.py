"""Reads the vectors of feedback documents, for all queries of a batch together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rocchio.engine.feedback_terms import Places
from rocchio.engine.plan_query import unit

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class DocumentVectors:
    """Vectors of the documents of one query that have one: `before` (n, dim) of those for it, `against` (m, dim) of the
    others; `scores` (n,) of those for it.
    """

    before: Matrix
    against: Matrix
    scores: npt.NDArray[np.float64]


def document_vectors(snapshot: Snapshot, places: Sequence[Places], name: str) -> Iterator[DocumentVectors]:
    """What the documents of each query have in a vector field, at length 1 where its metric is cosine.

    Raises Corruption.
    """
    ends = np.cumsum([0, *(len(each.rows) for each in places)]).tolist()
    segments = np.concatenate([np.empty(0, np.uint32), *(each.segments for each in places)])
    rows = np.concatenate([np.empty(0, np.uint32), *(each.rows for each in places)])
    vectors, present = _gathered(snapshot, segments, rows, name)
    if snapshot.schema.fields[name].metric == "cosine":  # lengths mean nothing there
        vectors = unit(vectors)
    for (first, last), each in zip(pairwise(ends), places, strict=True):
        found, there, mine = vectors[first:last], present[first:last], each.positive
        if there.all():
            yield DocumentVectors(found[:mine], found[mine:], each.scores[:mine])
        else:
            before, against = there[:mine], there[mine:]
            yield DocumentVectors(found[:mine][before], found[mine:][against], each.scores[:mine][before])


def _gathered(
    snapshot: Snapshot, segments: npt.NDArray[np.uint32], rows: npt.NDArray[np.uint32], name: str
) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Vectors (n, dim) at places, and which of them are there (n,); of documents where passages have none of their
    own."""
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
