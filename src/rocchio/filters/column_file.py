"""The file of a segment's columns: one for each field that predicates may name (docs/formats/columns.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.filters.column_arrays import Arrays, ColumnBuilder
from rocchio.filters.typed import column_fields
from rocchio.storage.array_file import ArrayFileWriter
from rocchio.storage.checked import FileInfo
from rocchio.storage.directory import Directory
from rocchio.storage.schema import Schema
from rocchio.storage.segment import COLUMNS


class ArraySource(Protocol):
    """Where the arrays of columns are: an `ArrayFile`, which raises Corruption, or memory."""

    def array(self, name: str, dtype: str) -> npt.NDArray[Any]: ...
    def rows(self, name: str, dtype: str, width: int, first: int, last: int) -> npt.NDArray[Any]: ...


class MemoryArrays:
    """Arrays of columns that were made just now."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self._arrays = arrays

    def array(self, name: str, dtype: str) -> npt.NDArray[Any]:
        """The whole array."""
        return self._arrays[name].astype(dtype, copy=False)

    def rows(self, name: str, dtype: str, width: int, first: int, last: int) -> npt.NDArray[Any]:
        """Rows [first, last) of an array of `width` items a row."""
        return self.array(name, dtype)[first * width : last * width].reshape(-1, width)


def array_name(number: int, part: str) -> str:
    """The array `part` of the `number`-th field that predicates may name."""
    return f"{number}.{part}"


class ColumnsBuilder:
    """Collects the columns of one segment."""

    def __init__(self, schema: Schema) -> None:
        self._builders = {name: ColumnBuilder(field) for name, field in column_fields(schema).items()}

    def __bool__(self) -> bool:
        """Whether there is any column."""
        return bool(self._builders)

    @property
    def memory_bytes(self) -> int:
        return sum(builder.memory_bytes for builder in self._builders.values())

    def add(self, batch: pa.RecordBatch) -> None:
        """Documents as they are stored."""
        for name, builder in self._builders.items():
            builder.add(batch.column(name))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All columns, by the names that their arrays have in the file."""
        named: Arrays = {}
        for number, builder in enumerate(self._builders.values()):
            named |= {array_name(number, part): array for part, array in builder.finish().items()}
        return named

    def write(self, directory: Directory, segment: str) -> dict[str, FileInfo]:
        """Write the file durably, column by column; none if there is no column."""
        if not self._builders:
            return {}
        out = ArrayFileWriter(directory, f"{segment}/{COLUMNS}")
        try:
            for number, builder in enumerate(self._builders.values()):
                for part, array in builder.finish().items():
                    out.add(array_name(number, part), np.dtype(array.dtype).str[1:], [array])
            return {COLUMNS: out.finish()}
        finally:
            out.close()
