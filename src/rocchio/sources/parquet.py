"""Parquet files: rows as Arrow record batches, never as Python objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rocchio.errors import InvalidArgument, StorageFailure
from rocchio.sources.opening import ByteStream
from rocchio.sources.rejects import TEXT_LIMIT, Reject
from rocchio.sources.source import BATCH_BYTES, BATCH_RECORDS, Rejecter, SourceBatch, file_size, id_column


class ParquetSource:
    """Documents of a Parquet file; the id column becomes the string column "doc_id".

    Integer ids are cast to text. Rows with a null or empty id, and rows with text that is not UTF-8, are rejects.
    `position_bytes` is in proportion to the rows read.
    """

    def __init__(self, path: str | Path, id_field: str | None = None) -> None:
        self.path, self.id_field = Path(path), id_field

    @property
    def size_bytes(self) -> int:
        """Size of the file on disk."""
        return file_size(self.path)

    def batches(self, reject: Rejecter) -> Iterator[SourceBatch]:
        """See `DocumentSource.batches`; InvalidArgument without an id column of strings or integers."""
        size, place = self.size_bytes, 1
        with ByteStream(self.path):  # the errors of a missing or unreadable file, as for every other format
            pass
        try:
            # pre_buffer would hold whole row groups, which some writers make as large as the file
            with pq.ParquetFile(self.path, pre_buffer=False) as file:
                column = self._id_column(file.schema_arrow)
                for batch in file.iter_batches(batch_size=BATCH_RECORDS):
                    for part in _parts(batch):
                        kept, places = self._usable(part, column, place, reject)
                        place += part.num_rows
                        position = min(size, size * (place - 1) // max(1, file.metadata.num_rows))
                        if kept.num_rows:
                            yield SourceBatch(kept, str(self.path), places, position)
        except (pa.ArrowException, OSError, EOFError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise StorageFailure(f"cannot read {self.path}: {error}") from error
            reason = f"damaged or not Parquet from record {place} on: {str(error)[:200]}; get a whole copy of the file"
            reject(Reject(str(self.path), place if place > 1 else 0, reason))

    def _id_column(self, schema: pa.Schema) -> int:
        index, problem = id_column(schema.names, self.id_field)
        if problem:
            raise InvalidArgument(f"{self.path}: {problem}")
        kind = schema.field(index).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
        if not (text or pa.types.is_integer(kind)):
            name = schema.names[index]
            raise InvalidArgument(f"{self.path}: expected strings or integers in id column {name!r}, found {kind}")
        return index

    def _usable(
        self, batch: pa.RecordBatch, column: int, first: int, reject: Rejecter
    ) -> tuple[pa.RecordBatch, Sequence[int]]:
        """The rows that can be used, with their ids cast and renamed, and their record numbers."""
        bad = _undecodable(batch)
        names = ["doc_id" if index == column else name for index, name in enumerate(batch.schema.names)]
        ids = batch.column(column)
        safe_ids = ids if not bad else pc.if_else(pa.array([row not in bad for row in range(len(ids))]), ids, None)
        text: Any = pc.cast(safe_ids, pa.string())
        present = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(text), pa.scalar("")), False)
        columns = [text if index == column else values for index, values in enumerate(batch.columns)]
        renamed = pa.RecordBatch.from_arrays(columns, names=names)
        places = range(first, first + batch.num_rows)
        keep = np.asarray(present.to_numpy(zero_copy_only=False), dtype=bool)
        if keep.all():
            return renamed, places
        for row in np.flatnonzero(~keep).tolist():
            reason = bad.get(row, f"expected an id in {batch.schema.names[column]!r}, found null or an empty string")
            reject(Reject(str(self.path), places[row], reason, "" if row in bad else _shown(batch, row)))
        return renamed.filter(pa.array(keep)), [places[row] for row in np.flatnonzero(keep).tolist()]


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in pieces of about BATCH_BYTES, at least one row each."""
    pieces = max(1, -(-batch.nbytes // BATCH_BYTES))
    rows = max(1, -(-batch.num_rows // pieces))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def _undecodable(batch: pa.RecordBatch) -> dict[int, str]:
    """Rows whose text is not UTF-8, which Parquet readers do not check, with the reason; usually none."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        return {row: why for row in range(batch.num_rows) if (why := _row_problem(batch.slice(row, 1)))}
    return {}


def _row_problem(row: pa.RecordBatch) -> str | None:
    try:
        row.validate(full=True)
    except pa.ArrowInvalid as error:
        return f"expected valid values, found: {str(error)[:200]}"
    return None


def _shown(batch: pa.RecordBatch, row: int) -> str:
    values: dict[str, Any] = batch.slice(row, 1).to_pylist()[0]
    return json.dumps(values, ensure_ascii=False, default=str)[:TEXT_LIMIT]
