"""Documents as columns: arrays of vectors go in without becoming Python objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from rocchio.engine.vector_values import array_of
from rocchio.errors import InvalidArgument


class Columns:
    """Columns of one length by field name; see `columns`."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = {name: _sliceable(name, value) for name, value in values.items()}
        lengths = {name: len(value) for name, value in self._values.items()}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
            raise InvalidArgument(f"expected columns of one length, found {found}")
        self._length = next(iter(lengths.values()), 0)

    def __len__(self) -> int:
        """Number of documents."""
        return self._length

    def __repr__(self) -> str:
        return f"<rocchio.columns {', '.join(self._values)}: {len(self)} documents>"

    def batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """All documents, so many at a time. Raises InvalidArgument for a column that Arrow cannot hold."""
        for first in range(0, len(self), rows):
            parts = {name: _arrow(name, value[first : first + rows]) for name, value in self._values.items()}
            yield pa.record_batch(parts)


def columns(**values: Any) -> Columns:
    """Documents as columns for `add` and `upsert`: `columns(doc_id=ids, title=titles, v=array)`.

    A column is a list, an array or an Arrow array; of a vector field it is an array (n, dim) of numpy, torch or
    anything that speaks DLPack, which is read without a copy. Raises InvalidArgument.
    """
    return Columns(values)


def _sliceable(name: str, value: Any) -> Any:
    if isinstance(value, str | bytes) or not hasattr(value, "__len__"):
        value = _array(name, value)
    elif hasattr(value, "iloc"):  # a column of pandas slices by label
        value = value.to_numpy()
    return value


def _array(name: str, value: Any) -> Any:
    try:
        array = array_of(value)
    except ValueError as error:
        raise InvalidArgument(f"column {name!r}: {error}") from error
    if array.ndim == 0:
        raise InvalidArgument(f"column {name!r}: expected a list or an array, found the single value {value!r}")
    return array


def _arrow(name: str, value: Any) -> pa.Array:
    """A slice of a column as Arrow, without a copy where that is possible."""
    if getattr(value, "ndim", 1) > 1:
        matrix = _array(name, value)
        if matrix.ndim != 2 or matrix.shape[1] == 0:
            raise InvalidArgument(f"column {name!r}: expected an array (n, dim), found one of shape {matrix.shape}")
        numbers = pa.array(np.ascontiguousarray(matrix).reshape(-1))
        return pa.FixedSizeListArray.from_arrays(numbers, matrix.shape[1])
    try:
        if isinstance(value, pa.ChunkedArray):
            return value.combine_chunks()
        return value if isinstance(value, pa.Array) else pa.array(value)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidArgument(f"column {name!r}: expected values of one type, found others: {error}") from error
