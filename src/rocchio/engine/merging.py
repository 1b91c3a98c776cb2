"""Builds the files of one new segment from segments to merge."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio._native import LexicalSegment, SegmentMerger
from rocchio.engine.background import beside
from rocchio.engine.latent import Blocks
from rocchio.engine.memberships import Memberships
from rocchio.engine.open_segment import OpenSegment
from rocchio.engine.passages import live_documents, merged_passages, write_passages
from rocchio.engine.row_order import RowOrder, clustered, ordered_documents, ordered_pieces, ordered_vectors
from rocchio.engine.segment_writer import seal, vector_writers, write_ids
from rocchio.engine.vector_index import Calibrations, finish_vectors
from rocchio.filters.column_file import ColumnsBuilder
from rocchio.lexical.writer import write_merged
from rocchio.storage.array_file import ArrayFileWriter
from rocchio.storage.checked import FileInfo
from rocchio.storage.directory import Directory
from rocchio.storage.documents import DocumentWriter, stored_schema
from rocchio.storage.manifest import SegmentEntry
from rocchio.storage.passage_file import PassageWriter
from rocchio.storage.schema import Schema
from rocchio.storage.segment import SegmentFile, sparse_name

Remakers = Mapping[str, Callable[[OpenSegment], Blocks]]
"""By vector field, what makes the vectors of all rows of a segment."""


def merge_segments(
    directory: Directory,
    name: str,
    schema: Schema,
    segments: Sequence[OpenSegment],
    advance: Callable[[int], None],
    remade: Remakers | None = None,
    memberships: Memberships | None = None,
    cluster_by: Sequence[str] = (),
) -> SegmentEntry:
    """Write the live documents of `segments` as one new segment, durably, without analysing text again.

    They are in the order of the fields `cluster_by`, or in that of the segments. Vectors are copied, but those of
    fields in `remade`, with which there is no `cluster_by`, come from its functions. Documents get the tenants that
    `memberships` say.
    """
    directory.make_folder(name)
    if schema.tenants is None:
        memberships = None
    order = clustered(segments, schema, cluster_by, memberships) if cluster_by else None
    stop = threading.Event()
    with beside(lambda: _merge_documents(directory, name, schema, segments, memberships, order, stop)) as documents:
        try:
            merger = _merger([segment.lexical for segment in segments], order)
            files = _merge_index(directory, name, schema, merger, advance, documents)
        except BaseException:
            stop.set()
            raise
    lengths = [sum(segment.entry.lengths[f] for segment in segments) for f in range(schema.text_columns)]
    files |= _merge_sparse(directory, name, segments, advance, order)
    passages = merged_passages(segments) if order is None else _ordered_passages(segments, order)
    files |= write_passages(directory, name, passages)
    vector_files, calibrations = _merge_vectors(
        directory, name, schema, segments, merger.row_count, advance, remade or {}, order
    )
    entry = seal(directory, name, merger.row_count, files | vector_files, lengths, calibrations, passages)
    directory.sync_folder(name)
    return replace(entry, cluster_by=tuple(cluster_by))


def _merger(indexes: Sequence[LexicalSegment], order: RowOrder | None) -> SegmentMerger:
    return SegmentMerger(list(indexes)) if order is None else SegmentMerger(list(indexes), order.of_segment, order.rows)


class _Stopped(Exception):
    """The index failed, so nobody waits for the documents."""


@dataclass(frozen=True)
class _Documents:
    """What copying the documents leaves: files, the doc_ids by row in pieces, where batches of documents begin."""

    files: dict[str, FileInfo]
    ids: list[pa.LargeStringArray]
    offsets: npt.NDArray[np.uint64]


def _merge_documents(
    directory: Directory,
    name: str,
    schema: Schema,
    segments: Sequence[OpenSegment],
    memberships: Memberships | None,
    order: RowOrder | None,
    stop: threading.Event,
) -> _Documents:
    """Write stored fields and columns; raises _Stopped once `stop` is set."""
    documents = DocumentWriter(directory, f"{name}/{SegmentFile.DOCUMENTS}", stored_schema(schema))
    columns = ColumnsBuilder(schema)
    ids = []
    try:
        for batch, ids_by_row in (
            live_documents(segments, memberships) if order is None else ordered_documents(segments, order, memberships)
        ):
            if stop.is_set():
                raise _Stopped
            documents.add(batch)
            columns.add(batch)
            ids.append(ids_by_row)
        info, offsets = documents.finish()
    finally:
        documents.close()
    return _Documents({SegmentFile.DOCUMENTS: info} | columns.write(directory, name), ids, offsets)


def _merge_index(
    directory: Directory,
    name: str,
    schema: Schema,
    merger: SegmentMerger,
    advance: Callable[[int], None],
    documents: Future[_Documents],
) -> dict[str, FileInfo]:
    """Write the index of the texts, then the doc_ids when the documents are there; returns the files of both."""
    out = ArrayFileWriter(directory, f"{name}/{SegmentFile.INDEX}")
    try:
        write_merged(out, merger, schema.text_columns, advance)
        copied = documents.result()
        write_ids(out, copied.ids)
        out.add("document_offsets", "u8", [copied.offsets])
        return copied.files | {SegmentFile.INDEX: out.finish()}
    finally:
        out.close()


def _merge_sparse(
    directory: Directory,
    name: str,
    segments: Sequence[OpenSegment],
    advance: Callable[[int], None],
    order: RowOrder | None,
) -> dict[str, FileInfo]:
    """Write the file of each sparse field."""
    files = {}
    indexes = [segment.sparse_to_merge() for segment in segments]
    for number, of_field in enumerate(zip(*indexes, strict=True)):
        out = ArrayFileWriter(directory, f"{name}/{sparse_name(number)}")
        try:
            write_merged(out, _merger(of_field, order), 1, advance)
            files[sparse_name(number)] = out.finish()
        finally:
            out.close()
    return files


def _ordered_passages(segments: Sequence[OpenSegment], order: RowOrder) -> PassageWriter | None:
    pieces = ordered_pieces(segments, order)
    if pieces is None:
        return None
    writer = PassageWriter()
    writer.add(pieces)
    return writer


def _merge_vectors(
    directory: Directory,
    name: str,
    schema: Schema,
    segments: Sequence[OpenSegment],
    rows: int,
    advance: Callable[[int], None],
    remade: Remakers,
    order: RowOrder | None,
) -> tuple[dict[str, FileInfo], Calibrations]:
    """Write the files of each vector field, with the vectors of live documents."""
    writers = vector_writers(directory, name, schema)
    try:
        for number, (field, writer) in enumerate(writers.items()):
            if order is not None:
                for vectors, present in ordered_vectors([s.vectors[number].originals for s in segments], order):
                    writer.add(vectors, present)
                    advance(len(present))
                continue
            for segment in segments:
                live = ~segment.tombstones.is_deleted
                blocks = remade[field](segment) if field in remade else segment.vectors[number].originals.blocks()
                for vectors, present in blocks:
                    keep, live = live[: len(present)], live[len(present) :]
                    writer.add(vectors[keep], present[keep])
                    advance(len(present))
        return finish_vectors(directory, name, schema, writers.values(), rows)
    finally:
        for writer in writers.values():
            writer.close()
