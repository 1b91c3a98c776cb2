"""A map of a collection: documents as points in the plane, like ones near each other, with words for its regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rocchio.encoders.lsa import fit
from rocchio.encoders.term_rows import SegmentTerms
from rocchio.engine.graph_layout import edge_weights, layout, neighbours
from rocchio.engine.map_regions import Region, name_regions
from rocchio.errors import InvalidArgument
from rocchio.types import DocId

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

MOST_DOCUMENTS = 20_000
LEAST_DOCUMENTS = 3
NEIGHBOURS = 15
DIM = 64
"""Directions of vectors in which neighbours are looked for."""

Matrix = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DocumentMap:
    """Document `doc_ids[i]` is at `places[i]`, float32 (n, 2) within -1 and 1; its nearest documents by vectors are
    `neighbours[i]`, int64 (n, k), nearest first.

    `source` is the vector field, None for vectors made of the words. `documents` there are in all; the map has an even
    sample of those with a vector. `regions` have words that are frequent there and rare elsewhere.
    """

    doc_ids: list[DocId]
    places: Matrix
    neighbours: npt.NDArray[np.int64]
    source: str | None
    documents: int
    regions: tuple[Region, ...]


def draw_map(
    snapshot: Snapshot, field: str | None, most: int, progress: Callable[[int, int], None] | None
) -> DocumentMap:
    """`Collection.document_map`. Raises InvalidArgument, Corruption."""
    if isinstance(most, bool) or not isinstance(most, int) or not LEAST_DOCUMENTS <= most <= MOST_DOCUMENTS:
        raise InvalidArgument(f"expected from {LEAST_DOCUMENTS} to {MOST_DOCUMENTS:,} documents, found {most!r}")
    source = _source(snapshot, field)
    tell = _stages(progress)
    kept = _sampled(snapshot, source, most)
    vectors, segments, rows = _vectors(snapshot, source, kept)
    if len(vectors) < LEAST_DOCUMENTS:
        raise InvalidArgument(
            f"expected at least {LEAST_DOCUMENTS} documents with a vector to draw a map, found {len(vectors)}"
        )
    tell(0.1)
    vectors = _narrowed(vectors)
    near, distances = neighbours(vectors, NEIGHBOURS, lambda done: tell(0.1 + 0.3 * done))
    places = layout(vectors, near, edge_weights(distances), lambda done: tell(0.4 + 0.5 * done))
    pairs = zip(segments.tolist(), rows.tolist(), strict=True)
    doc_ids = [snapshot.segments[segment].lexical.doc_id(row) for segment, row in pairs]
    regions = name_regions(snapshot, segments, rows, places)
    tell(1.0)
    return DocumentMap(doc_ids, places, near, source, len(snapshot), regions)


def _source(snapshot: Snapshot, field: str | None) -> str | None:
    """The vector field to go by; None for words. Raises InvalidArgument."""
    schema = snapshot.schema
    if field is not None:
        if field not in schema.vector_fields:
            raise InvalidArgument(
                f"expected a vector field, found {field!r}; there are {', '.join(schema.vector_fields) or 'none'}"
            )
        return field
    if schema.vector_fields:
        return schema.vector_fields[0]
    if not schema.text_fields:
        raise InvalidArgument("expected a text or vector field to draw a map of, found neither")
    return None


def _stages(progress: Callable[[int, int], None] | None) -> Callable[[float], None]:
    return (lambda _share: None) if progress is None else (lambda share: progress(round(share * 1000), 1000))


def _sampled(snapshot: Snapshot, source: str | None, most: int) -> list[Flags]:
    """Which rows of each segment are on the map: the first of each document, evenly over all that could be."""
    possible = []
    for segment in snapshot.segments:
        flags = ~segment.tombstones.is_deleted
        if segment.passages is not None:
            first = np.zeros(segment.rows, np.bool_)
            first[segment.passages.first_rows[:-1]] = True
            flags = flags & first
        if source is not None:
            flags = flags & segment.vectors[snapshot.schema.vector_fields.index(source)].originals.is_present
        possible.append(flags)
    everything = np.flatnonzero(np.concatenate([*possible, np.empty(0, np.bool_)]))
    if len(everything) > most:
        everything = everything[np.arange(most) * len(everything) // most]
    chosen = np.zeros(sum(map(len, possible)), np.bool_)
    chosen[everything] = True
    return np.split(chosen, np.cumsum([len(flags) for flags in possible])[:-1]) if possible else []


def _vectors(
    snapshot: Snapshot, source: str | None, kept: list[Flags]
) -> tuple[Matrix, npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Vectors (n, dim) of the sampled rows that have one, and where they are: segments and rows (n,)."""
    parts: list[Matrix] = []
    places: list[npt.NDArray[np.int64]] = []
    if source is None:
        found = _of_words(snapshot, kept)
    else:
        number = snapshot.schema.vector_fields.index(source)
        found = [
            (segment.vectors[number].originals.gather(rows).astype(np.float32), rows)
            for segment, rows in zip(snapshot.segments, map(np.flatnonzero, kept), strict=True)
        ]
    for vectors, rows in found:
        parts.append(vectors)
        places.append(rows)
    if not parts:
        return np.empty((0, 1), np.float32), np.empty(0, np.uint32), np.empty(0, np.uint32)
    everything = np.concatenate(parts)
    if source is None or snapshot.schema.fields[source].metric == "cosine":
        lengths = np.linalg.norm(everything, axis=1, keepdims=True)
        everything = (everything / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    segments = np.repeat(np.arange(len(places), dtype=np.uint32), [len(rows) for rows in places])
    return everything, segments, np.concatenate(places).astype(np.uint32)


def _of_words(snapshot: Snapshot, kept: list[Flags]) -> list[tuple[Matrix, npt.NDArray[np.int64]]]:
    """Latent vectors of the sampled rows of each segment, and the rows: of those with a known word."""
    columns = range(snapshot.schema.text_columns)
    terms = [SegmentTerms(s.lexical, flags, columns) for s, flags in zip(snapshot.segments, kept, strict=True)]
    model = fit(terms, DIM)
    if model is None:
        return []
    found = []
    for segment in terms:
        blocks = [(vectors[present], present) for vectors, present in model.encode_segment(segment)]
        present = np.concatenate([np.empty(0, np.bool_), *(flags for _, flags in blocks)])
        found.append(
            (np.concatenate([np.empty((0, DIM), np.float32), *(v for v, _ in blocks)]), np.flatnonzero(present))
        )
    return found


def _narrowed(vectors: Matrix) -> Matrix:
    """The vectors in their DIM strongest directions: distances hardly change, and are found faster."""
    if vectors.shape[1] <= DIM:
        return vectors
    _, directions = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    narrowed: Matrix = vectors @ directions[:, -DIM:].astype(np.float32)
    return narrowed
