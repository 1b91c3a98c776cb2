"""The columns that filters look into, of one segment; of segments without the file, made of the stored fields."""

from __future__ import annotations

import threading

import numpy as np

from rocchio._native import LexicalSegment
from rocchio.errors import Corruption
from rocchio.filters.column_file import ArraySource, ColumnsBuilder, MemoryArrays
from rocchio.filters.columns import BoolColumn, Column, DocIdColumn, KeywordColumn, OrderedColumn
from rocchio.filters.evaluate import evaluate
from rocchio.filters.predicate import Predicate
from rocchio.filters.typed import column_fields
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.documents import DocumentReader
from rocchio.storage.passage_file import PassageReader
from rocchio.storage.schema import ID_FIELD, Field, Schema
from rocchio.storage.tenancy import TENANTS_FIELD
from rocchio.types import Mask


class SegmentColumns:
    """Columns by field, opened when first asked for. Any number of threads may share it.

    With `passages`, columns are of documents, and rows are their passages.
    """

    def __init__(
        self,
        file: ArrayFile | None,
        lexical: LexicalSegment,
        documents: DocumentReader,
        schema: Schema,
        passages: PassageReader | None = None,
    ) -> None:
        self._file, self._lexical, self._documents, self._schema = file, lexical, documents, schema
        self._passages = passages
        self._count = lexical.row_count if passages is None else passages.documents
        self._fields = column_fields(schema)
        self._columns: dict[str, Column] = {}
        self._made: MemoryArrays | None = None
        self._lock = threading.Lock()

    def mask(self, predicate: Predicate) -> Mask:
        """A mask of the documents, deleted ones too, that a typed predicate is true of. Raises Corruption."""
        return evaluate(predicate, self.column, self._count)

    def tenants(self) -> KeywordColumn:
        """The column of the tenants that documents were given with."""
        column = self.column(TENANTS_FIELD)
        assert isinstance(column, KeywordColumn)
        return column

    def column(self, name: str) -> Column:
        """The column of a field that predicates may name."""
        if name not in self._columns:
            with self._lock:
                self._columns[name] = self._open(name)
        return self._columns[name]

    def _open(self, name: str) -> Column:
        if name == ID_FIELD:
            return DocIdColumn(self._lexical, self._passages.documents_of if self._passages else None, self._count)
        number, field = list(self._fields).index(name), self._fields[name]
        source, path = self._source()
        rows = self._count
        match field.kind:
            case "keyword":
                return KeywordColumn(source, number, rows, path)
            case "bool":
                return BoolColumn(source, number, rows, path)
            case _:
                return OrderedColumn(source, number, rows, path, _dtype(field))

    def _source(self) -> tuple[ArraySource, str]:
        if self._file is not None:
            return self._file, self._file.file.path
        if self._made is None:
            # written before there were columns: made once, kept with the opened segment
            self._made = MemoryArrays(self._from_documents().arrays())
        return self._made, "columns of a segment without a file of them"

    def _from_documents(self) -> ColumnsBuilder:
        builder = ColumnsBuilder(self._schema)
        for index in self._documents.batches():
            builder.add(self._documents.batch(index))
        return builder

    def validate(self) -> None:
        """Make the columns again of the stored fields and compare. Raises Corruption."""
        if self._file is None:
            return
        for name, array in self._from_documents().arrays().items():
            stored = self._file.array(name, np.dtype(array.dtype).str[1:])
            if not np.array_equal(stored, array):
                raise Corruption(self._file.file.path, None, f"array {name!r} does not say what the documents hold")


def _dtype(field: Field) -> str:
    return "i8" if field.integer or field.kind == "date" else "f8"
