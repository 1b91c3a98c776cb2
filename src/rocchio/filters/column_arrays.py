"""Values of a field as the arrays of a column: made when a segment is written (docs/formats/columns.md)."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rocchio._native import ZONE_ROWS, encode_row_sets
from rocchio.storage.schema import Field

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]

KEYWORD_ARRAYS = ("present", "texts", "text_offsets", "counts", "sets", "set_offsets")
"""Of keyword and bool fields."""

ORDERED_ARRAYS = ("present", "values", "ends", "ranks", "rows", "lows", "highs")
"""Of number and date fields."""

FEW_VALUES = 255
"""Ranks of fewer distinct values take a byte each, of more four."""

NO_ROWS = 2**32 - 1
"""Least rank of a block without values."""


class ColumnBuilder:
    """Collects the values of one field, as they are stored, row by row."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._present: list[npt.NDArray[np.bool_]] = []
        self._rows: list[npt.NDArray[np.uint32]] = []
        self._values: list[Any] = []
        self.row_count = self.memory_bytes = 0

    def add(self, values: pa.Array) -> None:
        """Further rows; `values` has the field's Arrow type."""
        present = values.is_valid().to_numpy(zero_copy_only=False)
        if self._field.kind == "keyword":
            rows = pc.list_parent_indices(values).to_numpy()
            kept = values.flatten().cast(pa.large_string())
            if kept.null_count:  # only in damaged documents
                rows, kept = rows[kept.is_valid().to_numpy(zero_copy_only=False)], kept.drop_null()
            kept = kept.dictionary_encode()
        else:
            rows = np.flatnonzero(present)
            kept = values.drop_null()
            if self._field.kind == "date":
                kept = kept.cast(pa.int64())
        self._present.append(present)
        self._rows.append((rows + self.row_count).astype(np.uint32))
        self._values.append(kept)
        self.row_count += len(values)
        self.memory_bytes += len(present) + self._rows[-1].nbytes + kept.nbytes

    def finish(self) -> Arrays:
        """The arrays of the column; lets go of the values."""
        present = np.concatenate([*self._present, np.empty(0, np.bool_)])
        rows = np.concatenate([*self._rows, np.empty(0, np.uint32)])
        values, self._values, self._rows, self._present = self._values, [], [], []
        packed = {"present": np.packbits(present, bitorder="little")}
        match self._field.kind:
            case "keyword":
                return packed | _keyword_arrays(*_codes(values), rows, self.row_count)
            case "bool":
                codes = np.concatenate([*(each.cast(pa.int8()).to_numpy() for each in values), np.empty(0, np.int8)])
                return packed | _keyword_arrays(
                    pa.array(["false", "true"], pa.large_string()), codes, rows, self.row_count
                )
            case _:
                kind = np.int64 if self._field.integer or self._field.kind == "date" else np.float64
                numbers = np.concatenate([*(each.to_numpy() for each in values), np.empty(0, kind)])
                return packed | _ordered_arrays(numbers, rows, self.row_count)


def _codes(chunks: list[pa.DictionaryArray]) -> tuple[pa.LargeStringArray, npt.NDArray[np.int32]]:
    """The distinct strings of all chunks in the order of their bytes, and the number of each value in that order."""
    if not chunks:
        return pa.array([], pa.large_string()), np.empty(0, np.int32)
    unified = pa.chunked_array(chunks).unify_dictionaries().chunks
    distinct = unified[-1].dictionary  # the last chunk's has those of all
    order = pc.array_sort_indices(distinct)
    numbers = np.empty(len(distinct), np.int32)
    numbers[order.to_numpy()] = np.arange(len(distinct), dtype=np.int32)
    return distinct.take(order), np.concatenate([numbers[chunk.indices.to_numpy()] for chunk in unified])


def _keyword_arrays(
    texts: pa.LargeStringArray, codes: npt.NDArray[Any], rows: npt.NDArray[np.uint32], row_count: int
) -> Arrays:
    """`codes` number the text of each value, `rows` ascend and say whose value it is."""
    order = np.argsort(codes, kind="stable")
    codes, rows = codes[order], rows[order]
    first = np.ones(len(codes), np.bool_)  # of a value that a row has twice
    first[1:] = (codes[1:] != codes[:-1]) | (rows[1:] != rows[:-1])
    codes, rows = codes[first], rows[first]
    counts = np.bincount(codes, minlength=len(texts))
    used = np.flatnonzero(counts)
    counts = counts[used]
    texts = texts.take(pa.array(used))
    sets, set_offsets = encode_row_sets(np.ascontiguousarray(rows), np.cumsum(counts, dtype=np.uint64), row_count)
    _, offsets, data = texts.buffers()
    text_offsets = np.frombuffer(offsets, np.int64)[: len(texts) + 1] if len(texts) else np.zeros(1, np.int64)
    return {
        "texts": np.frombuffer(data, np.uint8)[: text_offsets[-1]] if text_offsets[-1] else np.empty(0, np.uint8),
        "text_offsets": text_offsets.astype(np.uint64),
        "counts": counts.astype(np.uint32),
        "sets": sets,
        "set_offsets": set_offsets,
    }


def _ordered_arrays(numbers: npt.NDArray[Any], rows: npt.NDArray[np.uint32], row_count: int) -> Arrays:
    """`rows` ascend and say whose number it is."""
    order = np.argsort(numbers, kind="stable")
    ascending = numbers[order]
    first = np.ones(len(numbers), np.bool_)
    first[1:] = ascending[1:] != ascending[:-1]
    values, begins = ascending[first], np.flatnonzero(first)
    ends = np.append(begins[1:], len(numbers))[: len(values)]
    kind = np.uint8 if len(values) < FEW_VALUES else np.uint32
    none = np.iinfo(kind).max
    ranks = np.full(row_count, none, kind)
    ranks[rows[order]] = np.cumsum(first) - 1
    lows, highs = _zones(ranks, none)
    return {
        "values": values,
        "ends": ends.astype(np.uint32),
        "ranks": ranks,
        "rows": rows[order],
        "lows": lows,
        "highs": highs,
    }


def _zones(ranks: npt.NDArray[Any], none: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """The least and the largest rank of each block of rows; of one without values NO_ROWS and 0."""
    blocks = -(-len(ranks) // ZONE_ROWS)
    padded = np.full(blocks * ZONE_ROWS, none, ranks.dtype)
    padded[: len(ranks)] = ranks
    padded = padded.reshape(blocks, ZONE_ROWS)
    lows = padded.min(axis=1, initial=none).astype(np.uint32)
    highs = np.where(padded == none, 0, padded).max(axis=1, initial=0).astype(np.uint32)
    return np.where(lows == none, NO_ROWS, lows).astype(np.uint32), highs
