"""One segment of a snapshot, opened: its index, its documents, its deletions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio._native import FrozenColumns, LexicalSegment
from rocchio.dense.calibration import Calibration
from rocchio.dense.originals import Originals
from rocchio.dense.segment import VectorSegment
from rocchio.engine.frozen import open_frozen_columns
from rocchio.engine.segment_columns import SegmentColumns
from rocchio.errors import Corruption, DataError
from rocchio.lexical.reader import open_lexical, open_sparse
from rocchio.storage.directory import Directory
from rocchio.storage.documents import DocumentReader, stored_schema
from rocchio.storage.manifest import SegmentEntry
from rocchio.storage.schema import ID_FIELD, Schema
from rocchio.storage.segment import SegmentFile, SegmentFiles, sparse_name
from rocchio.storage.tombstones import Tombstones


@dataclass(frozen=True)
class OpenSegment:
    """A segment as one snapshot sees it. `sparse` and `vectors` belong to the fields of that kind, in order.

    `frozen` are columns that were computed ahead, by the file of the index they are of.
    """

    entry: SegmentEntry
    files: SegmentFiles
    tombstones: Tombstones
    lexical: LexicalSegment
    documents: DocumentReader
    columns: SegmentColumns
    sparse: tuple[LexicalSegment, ...] = ()
    frozen: Mapping[str, FrozenColumns] = field(default_factory=dict)
    vectors: tuple[VectorSegment, ...] = ()

    @property
    def rows(self) -> int:
        return self.entry.rows

    @property
    def posting_count(self) -> int:
        return sum(index.posting_count for index in (self.lexical, *self.sparse))

    @property
    def indexes(self) -> list[tuple[str, LexicalSegment]]:
        """Every inverted index with the name of its file."""
        sparse = [(sparse_name(number), index) for number, index in enumerate(self.sparse)]
        return [(str(SegmentFile.INDEX), self.lexical), *sparse]

    @property
    def vector_rows(self) -> int:
        """Rows that the vector files have, over all fields."""
        return self.rows * len(self.vectors)

    def sparse_to_merge(self) -> list[LexicalSegment]:
        """The sparse fields' indexes, with counts of what the deleted documents held: a merge needs them."""
        deleted = np.flatnonzero(self.tombstones.is_deleted).tolist()
        if not deleted:
            return list(self.sparse)
        none = Tombstones.none(self.rows)
        return [
            open_sparse(file, self.files.index, self.rows, none.delete(deleted, index))
            for file, index in zip(self.files.sparse, self.sparse, strict=True)
        ]

    def find(self, doc_ids: pa.LargeStringArray) -> npt.NDArray[np.int64]:
        """Rows of live documents by doc_id; -1 where this segment has none."""
        offsets, data = string_buffers(doc_ids)
        return self.lexical.find_documents(data, offsets)

    def problems(self) -> list[DataError]:
        """Everything that is wrong with the segment; reads all of it."""
        found: list[DataError] = [error for file in self.files.mapped.values() for error in file.damage()]
        if found:
            return found
        try:
            for index in (self.lexical, *self.sparse):
                index.validate()
            for vectors in self.vectors:
                vectors.validate()
            self._check_lengths()
            self._check_documents()
            self.columns.validate()
        except DataError as error:
            found.append(error)
        return found

    def _check_lengths(self) -> None:
        live = ~self.tombstones.is_deleted
        for number, total in enumerate(self.entry.lengths):
            found = int(self.lexical.lengths(number)[live].sum(dtype=np.int64))
            if found != total:
                path = self.files.index.file.path
                raise Corruption(path, None, f"the manifest counts {total} tokens in field {number}, found {found}")

    def _check_documents(self) -> None:
        order = self.lexical.doc_id_order()
        by_row: list[str] = []
        for index in self.documents.batches():
            by_row += self.documents.batch(index).column(ID_FIELD).to_pylist()
        path = self.files.index.file.path
        if len(by_row) != self.rows or sorted(order.tolist()) != list(range(self.rows)):
            raise Corruption(path, None, "the order of doc_ids does not cover every row once")
        ids = [by_row[row] for row in order.tolist()]
        if ids != sorted(by_row):
            raise Corruption(path, None, "doc_ids are not in order")
        indexed = self.find(pa.array(by_row, pa.large_string()))
        live = np.flatnonzero(~self.tombstones.is_deleted)
        if (indexed[live] != live).any():
            raise Corruption(path, None, "doc_ids of the index and of the documents differ")


def string_buffers(strings: pa.LargeStringArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """(offsets, bytes) of a string array without nulls, without a copy; offsets need not begin at 0."""
    _, offsets, data = strings.buffers()
    ends = np.frombuffer(offsets, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    return ends, np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)


def open_segment(directory: Directory, entry: SegmentEntry, schema: Schema) -> OpenSegment:
    """Map the files of a segment and check their shapes; contents are verified when touched."""
    files = SegmentFiles(directory, entry, len(schema.sparse_fields), len(schema.vector_fields))
    tombstones = Tombstones.none(entry.rows)
    if entry.tombstones is not None:
        content = entry.tombstones.read(directory)
        tombstones = Tombstones.from_bytes(content, entry.rows, directory.path(entry.tombstones.name))
    if int(tombstones.is_deleted.sum()) != entry.deleted:
        raise Corruption(directory.path(entry.name), None, f"expected {entry.deleted} deleted documents")
    text_columns = schema.text_columns
    if len(entry.lengths) != text_columns:
        raise Corruption(directory.path(entry.name), None, f"expected lengths of {text_columns} text fields")
    if len(entry.calibrations) != len(schema.vector_fields):
        expected = len(schema.vector_fields)
        raise Corruption(directory.path(entry.name), None, f"expected calibrations of {expected} vector fields")
    lexical = open_lexical(files.index, entry.rows, text_columns, tombstones)
    offsets = files.index.array("document_offsets", "u8")
    documents = DocumentReader(files.documents, stored_schema(schema), entry.rows, offsets)
    columns = SegmentColumns(files.columns, lexical, documents, schema)
    # the tombstones count terms of the text index; those of sparse fields are counted where they are needed
    deleted = replace(Tombstones.none(entry.rows), live=tombstones.live)
    sparse = tuple(open_sparse(file, files.index, entry.rows, deleted) for file in files.sparse)
    frozen = open_frozen_columns(directory, entry)
    vectors = tuple(
        VectorSegment(Originals(file, entry.rows, schema.fields[name]), index, Calibration.from_tuples(efforts))
        for name, file, index, efforts in zip(
            schema.vector_fields, files.vectors, files.vector_indexes, entry.calibrations, strict=True
        )
    )
    return OpenSegment(entry, files, tombstones, lexical, documents, columns, sparse, frozen, vectors)
