"""Documents as rows of a segment: one each, or, where a text field is split, one for each of their passages.

All rows of a document have its other texts too, so that a passage is found by the title of its document. What else is
searched, weights and vectors of the whole document, is in its first row; stored fields are kept once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.analysis import Analyzer
from rocchio.analysis.splitting import Splitter
from rocchio.engine.memberships import Memberships
from rocchio.engine.open_segment import OpenSegment
from rocchio.storage.array_file import ArrayFileWriter
from rocchio.storage.checked import FileInfo
from rocchio.storage.directory import Directory
from rocchio.storage.documents import BATCH_ROWS
from rocchio.storage.passage_file import PassageReader, PassageWriter, Pieces
from rocchio.storage.schema import ID_FIELD, Schema
from rocchio.storage.segment import SegmentFile

WORDS = "standard"
"""The tokenizer that counts tokens where the analyzer is a function, which does not say where its terms stand."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Documents, and the rows of a segment that they become.

    `documents` have the columns of the collection, `rows` those that are searched. `pieces` are the passages that rows
    are; None where each document is a row.
    """

    documents: pa.RecordBatch
    rows: pa.RecordBatch
    pieces: Pieces | None = None

    @property
    def first_rows(self) -> Numbers:
        """The first row of each document, from 0."""
        if self.pieces is None:
            return np.arange(self.documents.num_rows)
        return np.cumsum(self.pieces.counts) - self.pieces.counts

    @property
    def is_first(self) -> npt.NDArray[np.bool_] | None:
        """Which rows are the first of their document; None where all are."""
        if self.pieces is None:
            return None
        flags = np.zeros(self.rows.num_rows, np.bool_)
        flags[self.first_rows] = True
        return flags

    def filled(self, rows: pa.RecordBatch) -> Rows:
        """The same with vectors that were missing."""
        return replace(self, rows=rows)


class RowMaker:
    """Makes rows of documents. For one thread at a time."""

    def __init__(self, schema: Schema, analyzer: Analyzer) -> None:
        self._field, self._schema = schema.split_field, schema
        self._splitter: Splitter | None = None
        if self._field is not None:
            passages = schema.fields[self._field].passages
            assert passages is not None
            tokenizer = WORDS if analyzer.function is not None else analyzer.tokenizer
            self._splitter = Splitter(tokenizer, passages.tokens, passages.overlap)

    def rows(self, documents: pa.RecordBatch) -> Rows:
        """The rows of a batch of documents."""
        if self._splitter is None or self._field is None:
            return Rows(documents, documents)
        texts = [text or "" for text in documents.column(self._field).to_pylist()]
        split = [self._splitter.split(text) for text in texts]
        self._splitter.reset()
        counts = np.array(list(map(len, split)), np.int64)
        places = np.array([place for of_text in split for place in of_text], np.int64).reshape(-1, 2)
        pieces = [text[begin:end].strip() for text, of_text in zip(texts, split, strict=True) for begin, end in of_text]
        rows = self._columns(documents, counts, pa.array(pieces, pa.large_string()))
        return Rows(documents, rows, Pieces(counts, places[:, 0], places[:, 1]))

    def _columns(self, documents: pa.RecordBatch, counts: Numbers, pieces: pa.LargeStringArray) -> pa.RecordBatch:
        """The columns that are searched, by row."""
        of_row = np.repeat(np.arange(len(counts)), counts)
        later = np.diff(of_row, prepend=-1) == 0
        everywhere, first_only = pa.array(of_row), pa.array(of_row, mask=later)
        columns = {ID_FIELD: documents.column(ID_FIELD).take(everywhere)}
        for name, field in self._schema.fields.items():
            if name == self._field:
                columns[name] = pieces
            elif field.kind == "text":
                columns[name] = documents.column(name).take(everywhere)
            elif field.kind in ("sparse", "vector"):
                columns[name] = documents.column(name).take(first_only)
        return pa.record_batch(list(columns.values()), names=list(columns))


def write_passages(directory: Directory, segment: str, writer: PassageWriter | None) -> dict[str, FileInfo]:
    """Write the passages of a segment, if it has them; returns how to check the file."""
    if writer is None:
        return {}
    out = ArrayFileWriter(directory, f"{segment}/{SegmentFile.PASSAGES}")
    try:
        writer.write(out)
        return {SegmentFile.PASSAGES: out.finish()}
    finally:
        out.close()


def merged_passages(segments: Sequence[OpenSegment]) -> PassageWriter | None:
    """The passages of the live documents of all segments, in order; None if rows are documents. Raises Corruption."""
    writer: PassageWriter | None = None
    for segment in segments:
        if segment.passages is not None:
            writer = writer or PassageWriter()
            counts = np.diff(segment.passages.first_rows)[segment.live_documents()]
            live = ~segment.tombstones.is_deleted
            begins, ends = segment.passages.places(0, segment.rows)
            writer.add(Pieces(counts, begins[live], ends[live]))
    return writer


def live_documents(
    segments: Sequence[OpenSegment], memberships: Memberships | None
) -> Iterator[tuple[pa.RecordBatch, pa.LargeStringArray]]:
    """The live documents of all segments in batches, and the doc_id of each of their rows. Raises Corruption.

    They have the tenants that `memberships` say.
    """
    for segment in segments:
        live = segment.live_documents()
        counts = None if segment.passages is None else np.diff(segment.passages.first_rows)
        for index in segment.documents.batches():
            batch = segment.documents.batch(index)
            if memberships is not None:
                batch = memberships.rewritten(segment, batch, index * BATCH_ROWS)
            part = slice(index * BATCH_ROWS, index * BATCH_ROWS + batch.num_rows)
            if not live[part].all():
                batch = batch.filter(pa.array(live[part]))
            ids = batch.column(ID_FIELD)
            if counts is not None:
                ids = ids.take(pa.array(np.repeat(np.arange(len(ids)), counts[part][live[part]])))
            yield batch, ids


def passage_columns(
    segment: OpenSegment, passages: PassageReader, fields: Sequence[str], rows: range
) -> pa.RecordBatch:
    """Text fields of some consecutive rows, of the field that is split the pieces. Raises Corruption."""
    of_row = passages.documents_of(np.array(rows))
    batches = range(int(of_row[0]) // BATCH_ROWS, int(of_row[-1]) // BATCH_ROWS + 1)
    parts = [segment.documents.batch(index).select(list(fields)) for index in batches]
    documents = pa.Table.from_batches(parts).combine_chunks()
    places = of_row - batches.start * BATCH_ROWS
    columns = {name: documents.column(name).combine_chunks().take(pa.array(places)) for name in fields}
    if passages.field in columns:
        texts = documents.column(passages.field).to_pylist()
        begins, ends = passages.places(rows.start, rows.stop)
        pieces = [
            (texts[place] or "")[begin:end].strip()
            for place, begin, end in zip(places.tolist(), begins.tolist(), ends.tolist(), strict=True)
        ]
        columns[passages.field] = pa.array(pieces, pa.large_string())
    return pa.record_batch(list(columns.values()), names=list(columns))
