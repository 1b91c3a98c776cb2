"""Builds the files of one new segment from documents as they come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rocchio._native import SegmentBuilder
from rocchio.analysis import Analysis
from rocchio.dense.writer import VectorWriter
from rocchio.encoders.term_rows import SegmentTerms
from rocchio.engine.background import Background
from rocchio.engine.impact_builder import ImpactBuilder
from rocchio.engine.latent import LatentModels, latent_fields, rows_with_text, source_columns
from rocchio.engine.open_segment import OpenSegment, open_segment, string_buffers
from rocchio.engine.passages import Rows, write_passages
from rocchio.engine.vector_index import Calibrations, finish_vectors
from rocchio.engine.vector_values import matrix_of
from rocchio.filters.column_file import ColumnsBuilder
from rocchio.lexical.reader import open_lexical
from rocchio.lexical.writer import write_built, write_doc_ids
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter
from rocchio.storage.checked import FileInfo, MappedFile, write_sealed
from rocchio.storage.directory import Directory
from rocchio.storage.documents import DocumentWriter, stored_schema
from rocchio.storage.manifest import SegmentEntry
from rocchio.storage.passage_file import PassageWriter
from rocchio.storage.schema import ID_FIELD, Schema
from rocchio.storage.segment import (
    SegmentFile,
    sparse_name,
    tombstones_name,
    vectors_name,
    write_checksums,
)
from rocchio.storage.tenancy import TENANTS_FIELD
from rocchio.storage.tombstones import Tombstones


@dataclass(frozen=True)
class FieldTerms:
    """Terms of one field for a batch of documents: document d has ids [offsets[d], offsets[d+1])."""

    ids: npt.NDArray[np.uint32]
    offsets: npt.NDArray[np.int64]


def analyse(batch: pa.RecordBatch, schema: Schema, analysis: Analysis) -> list[FieldTerms]:
    """The terms of every text field. Changes nothing but the analysis's table, so it may fail without harm."""
    fields = []
    for name in schema.text_fields:
        texts = batch.column(name)
        offsets, data = string_buffers(pc.fill_null(texts, "") if texts.null_count else texts)
        fields.append(FieldTerms(*analysis.terms(data, offsets)))
    if not fields:
        fields.append(FieldTerms(np.empty(0, np.uint32), np.zeros(batch.num_rows + 1, np.int64)))
    return fields


class SegmentWriter:
    """Collects documents: stored fields and vectors go to disk at once, postings wait in memory until `finish`."""

    def __init__(
        self, directory: Directory, name: str, schema: Schema, analysis: Analysis, latents: LatentModels
    ) -> None:
        self._directory, self.name, self._schema, self._analysis = directory, name, schema, analysis
        self._latents, self._latent_fields = latents, latent_fields(schema)
        directory.make_folder(name)
        self._documents = DocumentWriter(directory, f"{name}/{SegmentFile.DOCUMENTS}", stored_schema(schema))
        self._stored = stored_schema(schema).names
        self._vectors = vector_writers(directory, name, schema)
        self._columns = ColumnsBuilder(schema)
        self._builder = SegmentBuilder(schema.text_columns)
        self._sparse = {name: ImpactBuilder(schema.fields[name].scale) for name in schema.sparse_fields}
        self._passages = PassageWriter() if schema.split_field is not None else None
        self._ids: list[pa.LargeStringArray] = []
        self._rows: dict[str, int] = {}
        self._tenants: dict[str, list[str]] = {}
        self._deleted: set[int] = set()
        self._background = Background()
        self.row_count = 0

    @property
    def memory_bytes(self) -> int:
        """What `finish` will free, about: postings, doc_ids (200 bytes each with their dictionary), the term table."""
        return self._background.result + 200 * self.row_count + self._analysis.memory_bytes

    def row_of(self, doc_id: str) -> int | None:
        """The first row of a document that was added here and not deleted."""
        return self._rows.get(doc_id)

    def tenants_of(self, doc_id: str) -> set[str]:
        """The tenants of a document that was added here."""
        return set(self._tenants[doc_id])

    def delete(self, doc_id: str) -> None:
        """Drop a document that was added here."""
        self._deleted.add(self._rows.pop(doc_id))

    def add(self, batch: Rows, terms: Sequence[FieldTerms]) -> None:
        """Append documents with distinct doc_ids, none of them live in this segment, and the terms of their rows by
        field."""
        self._background.submit(partial(self._store, batch, terms, self._analysis.term_count))
        self._ids.append(batch.rows.column(ID_FIELD))
        first_rows = (batch.first_rows + self.row_count).tolist()
        self.row_count += batch.rows.num_rows
        names = batch.documents.column(ID_FIELD).to_pylist()
        self._rows.update(zip(names, first_rows, strict=True))
        if self._schema.tenants is not None:
            self._tenants.update(zip(names, batch.documents.column(TENANTS_FIELD).to_pylist(), strict=True))

    def _store(self, batch: Rows, terms: Sequence[FieldTerms], term_count: int) -> int:
        """Compress and invert a batch, while the next one is analysed; returns the memory that postings take."""
        self._documents.add(batch.documents.select(self._stored))
        self._columns.add(batch.documents)
        if self._passages is not None and batch.pieces is not None:
            self._passages.add(batch.pieces)
        for name, vectors in self._vectors.items():
            if name not in self._latent_fields:
                vectors.add(*matrix_of(batch.rows.column(name)))
        self._builder.add([field.ids for field in terms], [field.offsets for field in terms], term_count)
        for name, builder in self._sparse.items():
            builder.add(batch.rows.column(name))
        sparse = sum(builder.memory_bytes for builder in self._sparse.values())
        return self._builder.memory_bytes + sparse + self._columns.memory_bytes

    def settle(self) -> None:
        """Wait until everything that was added is stored; raises what went wrong with it."""
        self._background.wait()

    def finish(self, generation: int) -> SegmentEntry:
        """Write everything, durably."""
        self.settle()
        self._background.close()
        documents, document_offsets = self._documents.finish()
        out = ArrayFileWriter(self._directory, f"{self.name}/{SegmentFile.INDEX}")
        try:
            built = self._builder.finish(*self._analysis.terms_arrays())
            write_built(out, built)
            rows = len(built["lengths"][0])
            lengths = [int(field.sum(dtype=np.int64)) for field in built["lengths"]]
            write_ids(out, self._ids)
            out.add("document_offsets", "u8", [document_offsets])
            index = out.finish()
        finally:
            out.close()
        files: dict[str, FileInfo] = {SegmentFile.DOCUMENTS: documents, SegmentFile.INDEX: index}
        for number, builder in enumerate(self._sparse.values()):
            files[sparse_name(number)] = builder.write(self._directory, f"{self.name}/{sparse_name(number)}")
        files |= write_passages(self._directory, self.name, self._passages)
        files |= self._columns.write(self._directory, self.name)
        self._add_latent_vectors(index, rows, generation)
        vector_files, calibrations = finish_vectors(
            self._directory, self.name, self._schema, self._vectors.values(), rows
        )
        entry = seal(self._directory, self.name, rows, files | vector_files, lengths, calibrations, self._passages)
        if self._deleted:
            opened = open_segment(self._directory, entry, self._schema)
            entry = with_deletions(self._directory, opened, self._deleted, generation)
        self._directory.sync_folder(self.name)
        return entry

    def _add_latent_vectors(self, index: FileInfo, rows: int, generation: int) -> None:
        """Vectors that are made from the index of the segment, which has just been written."""
        if not self._latent_fields:
            return
        file = ArrayFile(MappedFile(self._directory, f"{self.name}/{SegmentFile.INDEX}", index))
        lexical = open_lexical(file, rows, self._schema.text_columns, Tombstones.none(rows))
        first_rows = np.arange(rows + 1) if self._passages is None else self._passages.first_rows
        deleted = np.isin(first_rows[:-1], list(self._deleted))
        live = np.repeat(~deleted, np.diff(first_rows))
        for name in self._latent_fields:
            with_text = rows_with_text(self._schema, name, live, first_rows[:-1])
            terms = SegmentTerms(lexical, with_text, source_columns(self._schema, name))
            self._latents.get_or_fit(name, terms, generation)
            for block in self._latents.blocks(name, terms):
                self._vectors[name].add(*block)

    def close(self) -> None:
        """Let go of the files (after an error); what was written is an orphan."""
        self._background.close()
        self._documents.close()
        for vectors in self._vectors.values():
            vectors.close()


def vector_writers(directory: Directory, segment: str, schema: Schema) -> dict[str, VectorWriter]:
    """The file of each vector field of a segment, to be written."""
    return {
        name: VectorWriter(directory, f"{segment}/{vectors_name(number)}", schema.fields[name])
        for number, name in enumerate(schema.vector_fields)
    }


def with_deletions(directory: Directory, segment: OpenSegment, rows: Iterable[int], generation: int) -> SegmentEntry:
    """The segment's entry with the documents of further rows deleted; writes the new tombstones, durably once the
    folder is synced."""
    gone = segment.rows_of_documents(rows).tolist()
    old, tombstones = segment.tombstones, segment.tombstones.delete(gone, segment.lexical)
    newly = np.flatnonzero(tombstones.is_deleted & ~old.is_deleted)
    lengths = [
        total - int(segment.lexical.lengths(field)[newly].sum(dtype=np.int64))
        for field, total in enumerate(segment.entry.lengths)
    ]
    name = tombstones_name(segment.entry.name, generation)
    sealed = write_sealed(directory, name, tombstones.to_bytes())
    deleted = int(tombstones.is_deleted.sum())
    documents = None
    if segment.passages is not None:
        documents = int(segment.passages.live_documents(tombstones.is_deleted).sum())
    return replace(segment.entry, lengths=tuple(lengths), tombstones=sealed, deleted=deleted, documents=documents)


def write_ids(out: ArrayFileWriter, pieces: Sequence[pa.LargeStringArray]) -> None:
    """Write the doc_ids, which are given by row."""
    ids = pa.concat_arrays(pieces) if pieces else pa.array([], pa.large_string())
    offsets, data = string_buffers(ids)
    # Arrow sorts strings bytewise, as the kernels compare them
    order = pc.array_sort_indices(ids).to_numpy()
    write_doc_ids(out, data[offsets[0] : offsets[-1]], offsets - offsets[0], order)


def seal(
    directory: Directory,
    name: str,
    rows: int,
    files: dict[str, FileInfo],
    lengths: Sequence[int],
    calibrations: Calibrations,
    passages: PassageWriter | None,
) -> SegmentEntry:
    """Write the checksums of a segment's files; returns what the manifest says of it."""
    checksums = write_checksums(directory, name, {str(file): info for file, info in files.items()})
    sizes = {str(file): info.size for file, info in files.items()}
    documents = None if passages is None else len(passages.first_rows) - 1
    return SegmentEntry(name, rows, sizes, checksums, tuple(lengths), calibrations=calibrations, documents=documents)
