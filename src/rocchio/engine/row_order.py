"""In which order a merge puts documents: by the values of fields, so that what a filter allows lies side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rocchio.dense.originals import Originals
from rocchio.dense.reference import BLOCK_ROWS
from rocchio.engine.latent import Blocks
from rocchio.engine.memberships import Memberships
from rocchio.engine.open_segment import OpenSegment
from rocchio.storage.documents import BATCH_ROWS
from rocchio.storage.passage_file import Pieces
from rocchio.storage.schema import ID_FIELD, Schema
from rocchio.storage.segment import SegmentFile
from rocchio.storage.tenancy import TENANTS_FIELD

CHUNK_BYTES = 64 << 20
"""Of compressed documents that are put in order together: those of a chunk may come from anywhere."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RowOrder:
    """The live documents of some segments in a new order: document i is stored document `documents[i]` of segment
    `segments[i]`, and has `counts[i]` rows. `rows` and `of_segment` say of each new row which one it was."""

    segments: Numbers
    documents: Numbers
    counts: Numbers
    of_segment: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]


def clustered(
    segments: Sequence[OpenSegment], schema: Schema, cluster_by: Sequence[str], memberships: Memberships | None
) -> RowOrder:
    """The live documents by the values of these fields, missing ones last; equal ones stay as they are.

    Of several values of a keyword field the first that differs decides. Raises Corruption.
    """
    numbers, documents, keys = [np.empty(0, np.int64)], [np.empty(0, np.int64)], []
    names = [name if name in schema.fields else TENANTS_FIELD for name in cluster_by]
    for number, segment in enumerate(segments):
        live = segment.live_documents()
        documents.append(np.flatnonzero(live))
        numbers.append(np.full(len(documents[-1]), number))
        for index in segment.documents.batches():
            batch = _batch(segment, index, memberships)
            keep = pa.array(live[index * BATCH_ROWS : index * BATCH_ROWS + batch.num_rows])
            keys.append([_sortable(batch.column(name)).filter(keep) for name in names])
    of_segment, stored = np.concatenate(numbers), np.concatenate(documents)
    columns = [pa.chunked_array(parts) for parts in zip(*keys, strict=True)]
    order = np.arange(len(stored))
    if columns:
        by = [(str(place), "ascending") for place in range(len(columns))]
        table = pa.table({str(place): column for place, column in enumerate(columns)})
        order = pc.sort_indices(table, by).to_numpy().astype(np.int64)
    return _by_row(segments, of_segment[order], stored[order])


def _batch(segment: OpenSegment, index: int, memberships: Memberships | None) -> pa.RecordBatch:
    """Stored documents, with the tenants that they have now."""
    batch = segment.documents.batch(index)
    return batch if memberships is None else memberships.rewritten(segment, batch, index * BATCH_ROWS)


def _sortable(values: pa.Array) -> pa.Array:
    """Lists of strings as strings in the same order."""
    return pc.binary_join(values, "\0") if pa.types.is_list(values.type) else values


def _by_row(segments: Sequence[OpenSegment], of_document: Numbers, documents: Numbers) -> RowOrder:
    firsts, counts = documents, np.ones(len(documents), np.int64)
    if any(segment.passages is not None for segment in segments):
        firsts = np.empty(len(documents), np.int64)
        for number, segment in enumerate(segments):
            assert segment.passages is not None
            chosen, first_rows = of_document == number, segment.passages.first_rows
            firsts[chosen] = first_rows[documents[chosen]]
            counts[chosen] = np.diff(first_rows)[documents[chosen]]
    places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = np.repeat(firsts, counts) + places
    return RowOrder(
        of_document, documents, counts, np.repeat(of_document, counts).astype(np.uint32), rows.astype(np.uint32)
    )


def ordered_documents(
    segments: Sequence[OpenSegment], order: RowOrder, memberships: Memberships | None
) -> Iterator[tuple[pa.RecordBatch, pa.LargeStringArray]]:
    """As `live_documents`, in this order. Each chunk reads the batches that hold any of its documents."""
    stored = sum(segment.stored_documents for segment in segments)
    size = sum(segment.entry.sizes[SegmentFile.DOCUMENTS] for segment in segments)
    step = max(BATCH_ROWS, CHUNK_BYTES * stored // max(1, size))
    for first in range(0, len(order.documents), step):
        part = slice(first, first + step)
        batch = _gathered(segments, order.segments[part], order.documents[part], memberships)
        of_row = np.repeat(np.arange(batch.num_rows), order.counts[part])
        yield batch, batch.column(ID_FIELD).take(pa.array(of_row))


def _gathered(
    segments: Sequence[OpenSegment], of_document: Numbers, documents: Numbers, memberships: Memberships | None
) -> pa.RecordBatch:
    """Some documents in their order; each batch of theirs is read once."""
    parts, places = [], []
    for number in np.unique(of_document).tolist():
        chosen = np.flatnonzero(of_document == number)
        chosen = chosen[np.argsort(documents[chosen], kind="stable")]
        indexes = documents[chosen] // BATCH_ROWS
        for index in np.unique(indexes).tolist():
            here = chosen[np.searchsorted(indexes, index) : np.searchsorted(indexes, index, side="right")]
            batch = _batch(segments[number], index, memberships)
            parts.append(batch.take(pa.array(documents[here] - index * BATCH_ROWS)))
            places.append(here)
    return pa.concat_batches(parts).take(pa.array(np.argsort(np.concatenate(places))))


def ordered_vectors(originals: Sequence[Originals], order: RowOrder) -> Blocks:
    """As `Originals.blocks`, in this order. Raises Corruption."""
    for first in range(0, len(order.rows), BLOCK_ROWS):
        of_segment, rows = (each[first : first + BLOCK_ROWS] for each in (order.of_segment, order.rows))
        vectors = np.zeros((len(rows), originals[0].dim), originals[0].dtype)
        present = np.zeros(len(rows), np.bool_)
        for number in np.unique(of_segment).tolist():
            chosen = of_segment == number
            wanted = rows[chosen].astype(np.int64)
            vectors[chosen], present[chosen] = originals[number].gather(wanted), originals[number].is_present[wanted]
        yield vectors, present


def ordered_pieces(segments: Sequence[OpenSegment], order: RowOrder) -> Pieces | None:
    """The passages in this order; None if rows are documents. Raises Corruption."""
    readers = [segment.passages for segment in segments if segment.passages is not None]
    if not readers:
        return None
    places = [reader.places(0, segment.rows) for reader, segment in zip(readers, segments, strict=True)]
    firsts = np.cumsum([0, *(segment.rows for segment in segments)])
    wanted = firsts[order.of_segment] + order.rows
    begins, ends = (np.concatenate(each)[wanted] for each in zip(*places, strict=True))
    return Pieces(order.counts, begins, ends)
