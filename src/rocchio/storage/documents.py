"""The stored fields: an Arrow IPC file per segment, readable by any Arrow tool.

Record batches of 256 documents are compressed one by one, so fetching a hit decodes one small batch. A batch is
checked by its chunk checksums before Arrow sees it, and validated by Arrow after.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.errors import Corruption
from rocchio.storage.checked import CheckedFileWriter, FileInfo, MappedFile
from rocchio.storage.directory import Directory
from rocchio.storage.schema import ID_FIELD, Field, Schema

BATCH_ROWS = 256
RECENT_BYTES = 4 << 20
"""Of decoded batches that a reader keeps: searches that follow each other return the same documents."""
SPARSE_TYPE = pa.map_(pa.large_string(), pa.float32())


def arrow_type(field: Field) -> pa.DataType:
    """How values of a field are stored. Keywords are lists, so one and many values need no two types."""
    match field.kind:
        case "text":
            return pa.large_string()
        case "keyword":
            return pa.list_(pa.string())
        case "number":
            return pa.int64() if field.integer else pa.float64()
        case "date":
            return pa.timestamp("us", tz="UTC")
        case "bool":
            return pa.bool_()
        case "sparse":
            return SPARSE_TYPE
        case "vector":
            return pa.list_(pa.float16() if field.dtype == "float16" else pa.float32(), field.dim)


def arrow_schema(schema: Schema) -> pa.Schema:
    """The columns of a batch of documents: doc_id first, then the fields in order, then tenants if there are any."""
    columns = [pa.field(ID_FIELD, pa.large_string(), nullable=False)]
    return pa.schema(columns + [pa.field(name, arrow_type(field)) for name, field in schema.columns.items()])


def stored_schema(schema: Schema) -> pa.Schema:
    """The columns of documents.arrow: those of a batch without the vectors, which have files of their own."""
    vectors = set(schema.vector_fields)
    return pa.schema([column for column in arrow_schema(schema) if column.name not in vectors])


class DocumentWriter:
    """Writes documents as they come; holds at most one batch of 256 in memory."""

    def __init__(self, directory: Directory, name: str, schema: pa.Schema) -> None:
        self._out = CheckedFileWriter(directory, name)
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        self._ipc = pa.ipc.new_file(pa.PythonFile(self._out, mode="w"), schema, options=options)
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._offsets: list[int] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Append documents; `batch` has the writer's schema."""
        begin = 0
        while begin < batch.num_rows:
            part = batch.slice(begin, BATCH_ROWS - self._waiting_rows)
            self._waiting.append(part)
            self._waiting_rows += part.num_rows
            begin += part.num_rows
            if self._waiting_rows == BATCH_ROWS:
                self._write_waiting()

    def _write_waiting(self) -> None:
        self._offsets.append(self._out.size)
        self._ipc.write_batch(pa.concat_batches(self._waiting))
        self._waiting, self._waiting_rows = [], 0

    def finish(self) -> tuple[FileInfo, npt.NDArray[np.uint64]]:
        """Make the file durable; returns how to check it and where each batch begins (and the last one ends)."""
        if self._waiting_rows:
            self._write_waiting()
        self._offsets.append(self._out.size)
        self._ipc.close()
        return self._out.finish(), np.array(self._offsets, np.uint64)

    def close(self) -> None:
        """Close without keeping (after an error)."""
        self._out.close()


class DocumentReader:
    """Fetches stored documents of one segment by row."""

    def __init__(self, file: MappedFile, schema: pa.Schema, rows: int, offsets: npt.NDArray[np.uint64]) -> None:
        self._file, self._schema, self._rows, self._offsets = file, schema, rows, offsets
        if len(offsets) != -(-rows // BATCH_ROWS) + 1 or (np.diff(offsets.astype(np.int64)) < 0).any():
            raise Corruption(file.path, None, f"the batch offsets do not fit {rows} rows")
        self._ipc: pa.ipc.RecordBatchFileReader | None = None
        self._recent: OrderedDict[int, pa.RecordBatch] = OrderedDict()
        self._recent_bytes = 0
        self._lock = threading.Lock()

    def batch(self, index: int) -> pa.RecordBatch:
        """Documents [index * 256, ...), verified. Raises Corruption."""
        self._file.view(int(self._offsets[index]), int(self._offsets[index + 1]))
        expected = min(BATCH_ROWS, self._rows - index * BATCH_ROWS)
        try:
            batch = self._open().get_batch(index)
            batch.validate(full=True)
        except (pa.ArrowException, OSError) as error:
            raise Corruption(self._file.path, int(self._offsets[index]), f"batch {index}: {error}") from error
        if batch.num_rows != expected or batch.column(ID_FIELD).null_count:
            reason = f"batch {index} has {batch.num_rows} rows, some without doc_id, expected {expected}"
            raise Corruption(self._file.path, int(self._offsets[index]), reason)
        return batch

    def _open(self) -> pa.ipc.RecordBatchFileReader:
        if self._ipc is None:
            size = len(self._file.data)
            self._file.view(0, int(self._offsets[0]))
            self._file.view(int(self._offsets[-1]), size)
            try:
                opened = pa.ipc.open_file(pa.py_buffer(self._file.data))
            except (pa.ArrowException, OSError) as error:
                raise Corruption(self._file.path, None, f"not an Arrow file: {error}") from error
            if opened.schema != self._schema or opened.num_record_batches != len(self._offsets) - 1:
                raise Corruption(self._file.path, None, "the columns or batches differ from the collection's schema")
            self._ipc = opened
        return self._ipc

    def batches(self) -> list[int]:
        """Indexes of all batches."""
        return list(range(len(self._offsets) - 1))

    def _recently(self, index: int) -> pa.RecordBatch:
        """The batch, from those that were decoded last."""
        with self._lock:
            found = self._recent.get(index)
            if found is not None:
                self._recent.move_to_end(index)
                return found
        found = self.batch(index)
        with self._lock:
            if index not in self._recent:
                self._recent[index] = found
                self._recent_bytes += found.nbytes
            while self._recent_bytes > RECENT_BYTES and len(self._recent) > 1:
                self._recent_bytes -= self._recent.popitem(last=False)[1].nbytes
        return found

    def fetch(self, rows: Sequence[int], schema: Schema) -> list[dict[str, Any]]:
        """Fields of the documents at `rows`, in that order, without doc_id and vectors; None for what was not given."""
        documents = []
        for row in rows:
            index, place = divmod(row, BATCH_ROWS)
            try:
                (record,) = self._recently(index).slice(place, 1).to_pylist()
            except (ValueError, OverflowError) as error:
                raise Corruption(self._file.path, None, f"row {row} holds an impossible value: {error}") from error
            documents.append(
                {name: _as_given(record[name], field) for name, field in schema.fields.items() if name in record}
            )
        return documents


def _as_given(value: Any, field: Field) -> Any:
    if field.kind == "keyword" and isinstance(value, list) and len(value) == 1:
        return value[0]
    if field.kind == "number" and isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    if field.kind == "sparse" and isinstance(value, list):
        return dict(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC)
    return value
