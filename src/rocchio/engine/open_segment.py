"""One segment of a snapshot, opened: its index, its documents, its deletions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rocchio._native import FrozenColumns, LexicalSegment, PageCache
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
from rocchio.storage.passage_file import PassageReader
from rocchio.storage.schema import ID_FIELD, Schema
from rocchio.storage.segment import SegmentFile, SegmentFiles, sparse_name
from rocchio.storage.tombstones import Tombstones


@dataclass(frozen=True)
class OpenSegment:
    """A segment as one snapshot sees it. `sparse` and `vectors` belong to the fields of that kind, in order.

    `frozen` are columns that were computed ahead, by the file of the index they are of. With `passages`, a row is a
    passage of a document; without, a document.
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
    passages: PassageReader | None = None

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

    @property
    def stored_documents(self) -> int:
        """Documents that are stored, deleted ones included."""
        return self.rows if self.passages is None else self.passages.documents

    @property
    def tokens(self) -> Sequence[int]:
        """Tokens of live documents by text field."""
        return self.entry.lengths

    def document_of(self, row: int) -> int:
        """The place among the stored documents of the one that a row belongs to."""
        return row if self.passages is None else self.passages.document_of(row)

    def rows_of(self, row: int) -> range:
        """All rows of the document that a row belongs to."""
        return range(row, row + 1) if self.passages is None else self.passages.rows_of(self.passages.document_of(row))

    def rows_of_documents(self, rows: Iterable[int]) -> npt.NDArray[np.int64]:
        """All rows of the documents that some rows belong to."""
        given = np.array(sorted(rows), np.int64)
        return given if self.passages is None else self.passages.rows_of_all(self.passages.documents_of(given))

    def live_documents(self) -> npt.NDArray[np.bool_]:
        """Which of the stored documents are not deleted."""
        deleted = self.tombstones.is_deleted
        return ~deleted if self.passages is None else self.passages.live_documents(deleted)

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
        by_row, expected = self._doc_ids_by_row()
        path = self.files.index.file.path
        if len(by_row) != self.rows or sorted(order.tolist()) != list(range(self.rows)):
            raise Corruption(path, None, "the order of doc_ids does not cover every row once")
        ids = [by_row[row] for row in order.tolist()]
        if ids != sorted(by_row):
            raise Corruption(path, None, "doc_ids are not in order")
        indexed = self.find(pa.array(by_row, pa.large_string()))
        live = np.flatnonzero(~self.tombstones.is_deleted)
        if (indexed[live] != expected[live]).any():
            raise Corruption(path, None, "doc_ids of the index and of the documents differ")

    def _doc_ids_by_row(self) -> tuple[list[str], npt.NDArray[np.int64]]:
        """The doc_id of each row, read from the documents, and the row where the index should find it."""
        ids: list[str] = []
        lengths = [np.empty(0, np.int64)]
        for index in self.documents.batches():
            batch = self.documents.batch(index)
            ids += batch.column(ID_FIELD).to_pylist()
            if self.passages is not None:
                texts = pc.fill_null(batch.column(self.passages.field), "")
                lengths.append(pc.utf8_length(texts).to_numpy(zero_copy_only=False))
        if self.passages is None:
            return ids, np.arange(self.rows)
        self.passages.validate(np.concatenate(lengths))
        firsts = self.passages.first_rows[:-1]
        return np.array(ids, object)[self.passages.by_row(np.arange(len(ids)))].tolist(), self.passages.by_row(firsts)


def string_buffers(strings: pa.LargeStringArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """(offsets, bytes) of a string array without nulls, without a copy; offsets need not begin at 0."""
    _, offsets, data = strings.buffers()
    ends = np.frombuffer(offsets, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    return ends, np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)


def open_segment(
    directory: Directory, entry: SegmentEntry, schema: Schema, cache: PageCache | None = None
) -> OpenSegment:
    """Map the files of a segment and check their shapes; contents are verified when touched.

    With a `cache`, vectors can be read through it.
    """
    split, vector_fields = schema.split_field, len(schema.vector_fields)
    files = SegmentFiles(directory, entry, len(schema.sparse_fields), vector_fields, split is not None, cache)
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
    passages = None
    if files.passages is not None and split is not None:
        passages = _open_passages(PassageReader(files.passages, entry.rows, split), entry, tombstones, directory)
    count = entry.rows if passages is None else passages.documents
    documents = DocumentReader(files.documents, stored_schema(schema), count, offsets)
    columns = SegmentColumns(files.columns, lexical, documents, schema, passages)
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
    return OpenSegment(entry, files, tombstones, lexical, documents, columns, sparse, frozen, vectors, passages)


def _open_passages(
    passages: PassageReader, entry: SegmentEntry, tombstones: Tombstones, directory: Directory
) -> PassageReader:
    """The passages, if the manifest counts their documents right. Raises Corruption."""
    live = passages.documents
    if entry.deleted:
        live = int(passages.live_documents(tombstones.is_deleted).sum())
    if live != entry.documents:
        raise Corruption(directory.path(entry.name), None, f"expected {entry.documents} live documents, found {live}")
    return passages
