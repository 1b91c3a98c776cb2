"""Makes pseudo query embeddings: the vectors of a document's pseudo-queries, as few centroids, within a byte budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.engine.plan_query import only_field, unit
from rocchio.engine.precompute import DEFAULT_MAX_MB, DEFAULT_QUERIES, MIB, PrecomputeSummary, whole_number
from rocchio.engine.pseudo_embeddings import CENTROIDS, COUNTS, EMBEDDING_ARRAYS, model_of
from rocchio.engine.pseudo_queries import made_queries, parse_queries, read_queries
from rocchio.errors import InvalidArgument
from rocchio.feedback.pseudo_embeddings import centroids
from rocchio.storage.array_file import ArrayFileWriter
from rocchio.storage.checked import write_sealed
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import EmbeddingsEntry, Manifest
from rocchio.storage.segment import OFFLINE, embeddings_name

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

DEFAULT_PER_DOCUMENT = 4
MOST_PER_DOCUMENT = 64
BATCH_TEXTS = 1024
"""Pseudo-queries that are encoded at a time, or those of a single document."""


class EmbeddingOptions(TypedDict, total=False):
    """How `precompute_embeddings` works.

    `queries` are the pseudo-queries as for `precompute`; each document gets at most `per_document` centroids of their
    vectors, 4 by default, and fewer if `max_mb` MiB, 256 by default, do not hold as many for all. `progress` is told
    (documents done, documents).
    """

    queries: Any
    per_document: int
    max_mb: int
    progress: Callable[[int, int], None] | None


@dataclass(frozen=True)
class MadeEmbeddings:
    """What will be written: `counts` (rows,) of centroids by row of `segments`, and these (centroids, dim), float16."""

    field: str
    queries: str
    model: str
    counts: npt.NDArray[np.uint8]
    centroids: npt.NDArray[np.float16]
    segments: dict[str, int]


def precompute_embeddings(snapshot: Snapshot, name: str | None, options: EmbeddingOptions) -> MadeEmbeddings:
    """The centroids of all documents. Changes nothing. Raises InvalidArgument, NotFound, BadRecord, EncoderFailure."""
    unknown = options.keys() - EmbeddingOptions.__annotations__.keys()
    if unknown:
        known = ", ".join(EmbeddingOptions.__annotations__)
        raise InvalidArgument(f"expected options of {known}, found {', '.join(sorted(unknown))}")
    field = _checked_field(snapshot, name)
    queries = parse_queries(options.get("queries", DEFAULT_QUERIES))
    most = whole_number("per_document", options.get("per_document", DEFAULT_PER_DOCUMENT), MOST_PER_DOCUMENT)
    budget = whole_number("max_mb", options.get("max_mb", DEFAULT_MAX_MB), 1 << 20) * MIB
    progress = options.get("progress") or (lambda _done, _total: None)
    texts = _texts_by_row(snapshot, queries)
    if not texts:
        raise InvalidArgument("expected pseudo-queries of documents in the collection, found none; is it empty?")
    count = _fitting(most, len(texts), 2 * snapshot.schema.fields[field].dim, budget)
    counts = np.zeros(sum(segment.rows for segment in snapshot.segments), np.uint8)
    made, done = [np.empty((0, snapshot.schema.fields[field].dim), np.float16)], 0
    for batch in _batches(texts):
        for row, found in _encoded(snapshot, field, batch):
            chosen = centroids(found, count)
            counts[row] = len(chosen)
            made.append(_halves(chosen, field))
        done += len(batch)
        progress(done, len(texts))
    segments = {segment.entry.name: segment.entry.deleted for segment in snapshot.segments}
    model = model_of(snapshot.manifest.models, field)
    return MadeEmbeddings(field, str(queries), model, counts, np.concatenate(made), segments)


def _checked_field(snapshot: Snapshot, name: str | None) -> str:
    """The vector field to make centroids for. Raises InvalidArgument."""
    schema = snapshot.schema
    if schema.split_field is not None:
        raise InvalidArgument(
            f"expected documents that are not split to precompute embeddings for, found passages of "
            f"{schema.split_field!r}; search with the plan itself"
        )
    field = only_field("vector", schema.vector_fields, name)
    if not schema.fields[field].encoder or schema.fields[field].metric == "l2":
        raise InvalidArgument(
            f"expected a vector field with an encoder and the metric cosine or ip, found {field!r}, "
            f"{schema.fields[field].metric} {'with' if schema.fields[field].encoder else 'without'} one"
        )
    return field


def _texts_by_row(snapshot: Snapshot, queries: Any) -> list[tuple[int, list[str]]]:
    """(row among those of all segments, its distinct pseudo-queries), in the order of rows."""
    found = (
        read_queries(queries) if isinstance(queries, Path) else made_queries(snapshot, queries, None, lambda _n: None)
    )
    texts: dict[str, dict[str, None]] = {}
    for each in found:
        if each.text:
            texts.setdefault(each.doc_id, {})[each.text] = None
    by_row, base, wanted = [], 0, pa.array(list(texts), pa.large_string())
    for segment in snapshot.segments:
        rows = segment.find(wanted)
        here = np.flatnonzero(rows >= 0).tolist()
        by_row += [(base + int(rows[place]), list(texts[wanted[place].as_py()])) for place in here]
        base += segment.rows
    return sorted(by_row)


def _fitting(most: int, documents: int, size: int, budget: int) -> int:
    """How many centroids of `size` bytes each document may have. Raises InvalidArgument."""
    count = min(most, budget // (documents * size))
    if count < 1:
        needed = -(-documents * size // MIB)
        raise InvalidArgument(
            f"expected max_mb of at least {needed} for a centroid for each of {documents:,} documents, "
            f"found {budget // MIB}"
        )
    return count


def _batches(texts: list[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    batch: list[tuple[int, list[str]]] = []
    size = 0
    for each in texts:
        if batch and size + len(each[1]) > BATCH_TEXTS:
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += len(each[1])
    if batch:
        yield batch


def _encoded(
    snapshot: Snapshot, field: str, batch: list[tuple[int, list[str]]]
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """(row, the vectors (n, dim) of its pseudo-queries that have one), of length 1 where the metric is cosine."""
    matrix, present, _ = snapshot.query_vectors([text for _, texts in batch for text in texts], field)
    if snapshot.schema.fields[field].metric == "cosine":
        matrix = unit(matrix)
    begin = 0
    for row, texts in batch:
        end = begin + len(texts)
        found = matrix[begin:end][present[begin:end]].astype(np.float64)
        begin = end
        if len(found):
            yield row, found


def _halves(chosen: npt.NDArray[np.float64], field: str) -> npt.NDArray[np.float16]:
    with np.errstate(over="ignore"):
        halves = chosen.astype(np.float16)
    if not np.isfinite(halves).all():
        raise InvalidArgument(f"expected vectors of numbers below 65,504 in {field!r}, found larger ones")
    return halves


def write_embeddings_file(directory: Directory, generation: int, made: MadeEmbeddings) -> EmbeddingsEntry:
    """Write what was made; durable once the folder of the collection is synced."""
    directory.make_folder(OFFLINE)
    name = embeddings_name(generation)
    out = ArrayFileWriter(directory, name)
    try:
        out.add(COUNTS, EMBEDDING_ARRAYS[COUNTS], [made.counts])
        out.add(CENTROIDS, EMBEDDING_ARRAYS[CENTROIDS], [made.centroids])
        info = out.finish()
    finally:
        out.close()
    sealed = write_sealed(directory, name.removesuffix(".arrays") + ".bin", info.checksums.astype("<u4").tobytes())
    directory.sync_folder(OFFLINE)
    about = made.field, made.queries, len(made.centroids), made.model, made.segments
    return EmbeddingsEntry(name, info.size, sealed, *about)


def summarised_embeddings(manifest: Manifest, made: MadeEmbeddings | None) -> PrecomputeSummary:
    """What was written, of the manifest after it: documents as pseudo-queries, centroids as entries."""
    entry = manifest.embeddings
    if entry is None or made is None:
        return PrecomputeSummary(0, 0, 0, 0, manifest.generation)
    return PrecomputeSummary(int((made.counts > 0).sum()), entry.count, 0, entry.size, manifest.generation)
