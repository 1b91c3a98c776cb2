"""Counts and sizes of a collection."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rocchio.analysis import preset_name
from rocchio.engine.offline import OfflineInfo, describe_offline
from rocchio.engine.pseudo_embeddings import EmbeddingsInfo, describe_embeddings
from rocchio.engine.snapshot import Snapshot
from rocchio.engine.vector_info import VectorInfo, describe_vectors
from rocchio.engine.vector_memory import MemoryInfo
from rocchio.storage.manifest import FORMAT_VERSION
from rocchio.storage.segment import vector_index_name, vectors_name


@dataclass(frozen=True)
class SegmentInfo:
    """One segment: documents that are live and deleted, distinct terms and postings (of sparse fields too), bytes.

    `vectors` of all vector fields, deleted ones included. `passages` that are live; 0 where no field is split.
    """

    name: str
    documents: int
    deleted: int
    terms: int
    postings: int
    size_bytes: int
    vectors: int = 0
    passages: int = 0


@dataclass(frozen=True)
class CollectionInfo:
    """A collection as of its last commit. `average_length` is in tokens, all text fields, not boosted; where a field is
    split it is that of passages, and `tokens` count once for each passage that holds them.

    `size_bytes` is without `frozen_bytes`, columns kept by `freeze`, which are a cache, and without `offline`, what was
    precomputed for feedback, None if nothing was. `memory` is how the handle's `memory_limit` is divided, None without
    one. Merges put documents in the order of the fields `cluster_by`. `tenants` is what it was made multi-tenant with,
    as a text, or None.
    """

    path: str
    format_version: int
    generation: int
    documents: int
    deleted: int
    analyzer: str
    analyzer_steps: str
    fields: dict[str, str]
    tokens: int
    average_length: float
    postings: int
    size_bytes: int
    index_bytes: int
    index_bytes_per_posting: float
    frozen_bytes: int
    vectors: int
    vector_bytes: int
    vector_fields: dict[str, VectorInfo]
    segments: tuple[SegmentInfo, ...]
    passages: int = 0
    offline: OfflineInfo | None = None
    embeddings: EmbeddingsInfo | None = None
    memory: MemoryInfo | None = None
    cluster_by: tuple[str, ...] = ()
    tenants: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def describe(snapshot: Snapshot, path: str) -> CollectionInfo:
    """Counts of the snapshot; reads only what is needed to open it."""
    segments = []
    for segment in snapshot.segments:
        entry = segment.entry
        size = sum(entry.sizes.values())
        terms = sum(index.term_count for index in (segment.lexical, *segment.sparse))
        vectors = sum(of_field.originals.count for of_field in segment.vectors)
        deleted, passages = entry.deleted, 0
        if segment.passages is not None:
            deleted, passages = segment.passages.documents - entry.live_documents, entry.live_rows
        segments.append(
            SegmentInfo(
                entry.name, entry.live_documents, deleted, terms, segment.posting_count, size, vectors, passages
            )
        )
    tokens = sum(sum(entry.lengths) for entry in snapshot.manifest.segments)
    documents, rows = len(snapshot), snapshot.manifest.row_count
    postings = sum(segment.postings for segment in segments)
    sizes = [item for entry in snapshot.manifest.segments for item in entry.sizes.items()]
    vector_bytes = sum(size for name, size in sizes if name.startswith(("vectors-", "vector-index-")))
    index_bytes = sum(size for name, size in sizes if name.startswith(("index.", "sparse-")))
    model_bytes = sum(model.size for model in snapshot.manifest.models.values())
    return CollectionInfo(
        path=path,
        format_version=FORMAT_VERSION,
        generation=snapshot.manifest.generation,
        documents=documents,
        deleted=sum(segment.deleted for segment in segments),
        analyzer=preset_name(snapshot.schema.analyzer) or snapshot.schema.analyzer,
        analyzer_steps=snapshot.schema.analyzer,
        fields={name: str(field) for name, field in snapshot.schema.fields.items()},
        tokens=tokens,
        average_length=tokens / rows if rows else 0.0,
        postings=postings,
        size_bytes=sum(segment.size_bytes for segment in segments) + model_bytes,
        index_bytes=index_bytes,
        index_bytes_per_posting=index_bytes / postings if postings else 0.0,
        frozen_bytes=sum(entry.frozen_bytes for entry in snapshot.manifest.segments),
        vectors=sum(segment.vectors for segment in segments),
        vector_bytes=vector_bytes,
        vector_fields=_vector_fields(snapshot),
        segments=tuple(segments),
        passages=sum(segment.passages for segment in segments),
        offline=describe_offline(snapshot.manifest),
        embeddings=describe_embeddings(snapshot.manifest),
        cluster_by=snapshot.manifest.cluster_by,
        tenants=None if snapshot.schema.tenants is None else str(snapshot.schema.tenants),
    )


def _vector_fields(snapshot: Snapshot) -> dict[str, VectorInfo]:
    entries = snapshot.manifest.segments
    described = {}
    for number, name in enumerate(snapshot.schema.vector_fields):
        originals = sum(entry.sizes[vectors_name(number)] for entry in entries)
        index = sum(entry.sizes[vector_index_name(number)] for entry in entries)
        described[name] = describe_vectors([segment.vectors[number] for segment in snapshot.segments], originals, index)
    return described
