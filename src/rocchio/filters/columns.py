"""Columns of one segment, opened: which rows have a value, which have values in a range."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rocchio._native import LexicalSegment, count_bits, rank_mask, row_set_mask, rows_mask
from rocchio.errors import Corruption
from rocchio.filters.column_arrays import FEW_VALUES
from rocchio.filters.column_file import ArraySource, array_name
from rocchio.filters.predicate import Bound
from rocchio.filters.values import INT64_MAX, INT64_MIN, Value
from rocchio.types import Mask

MANY_VALUES = 1000
"""From so many values on, all are looked up at once."""

FEW_LOOKUPS = 32
"""Up to so many numbers are looked up one by one."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

SPARSE = 16
"""A range of fewer than one in so many rows is read from the rows in order of their values."""


class Column(Protocol):
    """What predicates ask of a field. Values are of the field's type; masks have a bit for each row."""

    @property
    def present(self) -> Mask:
        """Rows that have a value."""

    def equal(self, values: Sequence[Any]) -> Mask:
        """Rows with one of these values."""

    def between(self, low: Bound | None, high: Bound | None) -> Mask:
        """Rows with a value in this range."""

    def starting(self, prefix: str) -> Mask:
        """Rows with a string that begins so."""


def all_rows(rows: int) -> Mask:
    """A mask of all rows."""
    return np.packbits(np.ones(rows, np.bool_), bitorder="little")


def no_rows(rows: int) -> Mask:
    """A mask of none of the rows."""
    return np.zeros(-(-rows // 8), np.uint8)


class _Stored:
    """Arrays of one column, from a file or from memory."""

    def __init__(self, source: ArraySource, number: int, rows: int, path: str) -> None:
        self._source, self._number, self.rows, self._path = source, number, rows, path

    @cached_property
    def present(self) -> Mask:
        mask = self._array("present", "u1", -(-self.rows // 8))
        if self.rows % 8 and int(mask[-1]) >> self.rows % 8:
            raise self._damaged("present has more rows than the segment")
        return mask

    def _array(self, part: str, dtype: str, size: int | None = None) -> npt.NDArray[Any]:
        array = self._source.array(array_name(self._number, part), dtype)
        if size is not None and len(array) != size:
            raise self._damaged(f"expected {size} items of {part}, found {len(array)}")
        return array

    def _offsets(self, part: str, limit: str) -> npt.NDArray[np.uint64]:
        offsets = self._array(part, "u8")
        if not len(offsets) or offsets[0] != 0 or (offsets[1:] < offsets[:-1]).any():
            raise self._damaged(f"{part} do not increase from 0")
        if offsets[-1] != len(self._array(limit, "u1")):
            raise self._damaged(f"{part} do not end where {limit} do")
        return offsets

    def _checked(self, make: Callable[[], Mask]) -> Mask:
        """A mask that the kernels make of arrays, which may be damaged."""
        try:
            return make()
        except ValueError as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, reason: str) -> Corruption:
        return Corruption(self._path, None, f"column {self._number}: {reason}")


class KeywordColumn(_Stored):
    """Strings, any number of them a row: a compressed bitmap for each."""

    def equal(self, values: Sequence[str]) -> Mask:
        """Rows with one of these strings."""
        if len(values) >= MANY_VALUES:
            found = pc.is_in(self._texts, pa.array(values, pa.large_string()))
            return self._union(np.flatnonzero(found.to_numpy(zero_copy_only=False)))
        places = [self._place(value.encode()) for value in values]
        wanted = [
            place
            for place, value in zip(places, values, strict=True)
            if place < self._count and self._text(place) == value.encode()
        ]
        return self._union(np.array(wanted, np.int64))

    def between(self, low: Bound | None, high: Bound | None) -> Mask:
        """Rows with a string in this range of bytes."""
        first = 0 if low is None else self._place(_text(low.value), after=not low.inclusive)
        last = self._count if high is None else self._place(_text(high.value), after=high.inclusive)
        return self._union(np.arange(first, last))

    def starting(self, prefix: str) -> Mask:
        """Rows with a string that begins so."""
        begin = prefix.encode()
        first = self._place(begin)
        last = bisect_left(range(self._count), True, first, key=lambda place: not self._text(place).startswith(begin))
        return self._union(np.arange(first, last))

    @property
    def values(self) -> list[str]:
        """The distinct strings, in order."""
        values: list[str] = self._texts.to_pylist()
        return values

    @property
    def counts(self) -> npt.NDArray[np.uint32]:
        """How many rows have each string."""
        return self._array("counts", "u4", self._count)

    @property
    def distinct(self) -> int:
        """How many strings there are."""
        return self._count

    def counts_within(self, chosen: npt.NDArray[np.bool_]) -> dict[str, int]:
        """How many of the `chosen` rows (rows,) have each string, without strings that none has."""
        if chosen.all():
            return dict(zip(self._texts.to_pylist(), self.counts.tolist(), strict=True))
        wanted = np.packbits(chosen, bitorder="little")
        counts = (count_bits(self._union(np.array([place])) & wanted) for place in range(self._count))
        return {text: count for text, count in zip(self._texts.to_pylist(), counts, strict=True) if count}

    @cached_property
    def _text_offsets(self) -> npt.NDArray[np.uint64]:
        return self._offsets("text_offsets", "texts")

    @cached_property
    def _text_bytes(self) -> npt.NDArray[np.uint8]:
        return self._array("texts", "u1")

    @cached_property
    def _set_offsets(self) -> npt.NDArray[np.uint64]:
        offsets = self._array("set_offsets", "u8", self._count + 1)
        if (offsets[1:] < offsets[:-1]).any():
            raise self._damaged("set_offsets do not increase")
        return offsets

    @property
    def _count(self) -> int:
        return len(self._text_offsets) - 1

    @cached_property
    def _texts(self) -> pa.LargeStringArray:
        offsets = pa.py_buffer(self._text_offsets.astype(np.int64))
        texts = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), self._count, [None, offsets, pa.py_buffer(self._text_bytes)]
        )
        try:
            return texts.cast(pa.large_string())
        except pa.ArrowException as error:
            raise self._damaged(f"a text is not UTF-8: {error}") from error

    def _text(self, place: int) -> bytes:
        begin, end = self._text_offsets[place : place + 2].tolist()
        return self._text_bytes[begin:end].tobytes()

    def _place(self, text: bytes, *, after: bool = False) -> int:
        """How many strings come before `text`, or up to it."""
        if after:
            return bisect_left(range(self._count), True, key=lambda place: self._text(place) > text)
        return bisect_left(range(self._count), text, key=self._text)

    def _union(self, places: npt.NDArray[np.int64]) -> Mask:
        """Rows with one of the strings at these places, which ascend."""
        if not len(places):
            return no_rows(self.rows)
        begins, ends = self._set_offsets[places], self._set_offsets[places + 1]
        first = int(begins[0])
        # only these bytes are verified against their checksums
        sets = self._source.rows(array_name(self._number, "sets"), "u1", 1, first, int(ends[-1])).ravel()
        begins, ends = begins - np.uint64(first), ends - np.uint64(first)
        return self._checked(lambda: row_set_mask(sets, begins, ends, self.rows))


class BoolColumn(KeywordColumn):
    """True and False, kept as strings."""

    def equal(self, values: Sequence[Any]) -> Mask:
        """Rows with one of these values."""
        return super().equal([str(value).lower() for value in values])


class OrderedColumn(_Stored):
    """Numbers or dates: the distinct ones in order, each row's rank among them, and the rows in that order."""

    def __init__(self, source: ArraySource, number: int, rows: int, path: str, dtype: str) -> None:
        super().__init__(source, number, rows, path)
        self._dtype = dtype

    def equal(self, values: Sequence[Any]) -> Mask:
        """Rows with one of these numbers."""
        exact = [number for number in map(self._exactly, values) if number is not None]
        wanted = np.array(exact, self._values.dtype)
        places = np.searchsorted(self._values, wanted)
        places = places[places < len(self._values)]
        places = np.unique(places[np.isin(self._values[places], wanted)])
        if len(places) <= FEW_LOOKUPS:
            masks = [self._ranks(place, place + 1) for place in places.tolist()]
            return np.bitwise_or.reduce(masks) if masks else no_rows(self.rows)
        chosen = np.zeros(len(self._values) + 1, np.bool_)  # the last one stands for rows without a number
        chosen[places] = True
        return np.packbits(chosen[np.minimum(self._row_ranks, len(self._values))], bitorder="little")

    def between(self, low: Bound | None, high: Bound | None) -> Mask:
        """Rows with a number in this range."""
        first, last = 0, len(self._values)
        if low is not None:
            first = self._place(low.value, after=not low.inclusive)
        if high is not None:
            last = self._place(high.value, after=high.inclusive)
        return self._ranks(first, last)

    def starting(self, prefix: str) -> Mask:  # noqa: ARG002
        """Numbers begin with no string."""
        return no_rows(self.rows)

    def numbers(self, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
        """The numbers of the `chosen` rows (rows,) that have one; dates in microseconds since 1970."""
        ranks = self._row_ranks[chosen]
        numbers: npt.NDArray[Any] = self._values[ranks[ranks < len(self._values)]]
        return numbers

    @cached_property
    def _values(self) -> npt.NDArray[Any]:
        return self._array("values", self._dtype)

    @property
    def _row_ranks(self) -> npt.NDArray[Any]:
        return self._array("ranks", "u1" if len(self._values) < FEW_VALUES else "u4", self.rows)

    @cached_property
    def _ends(self) -> npt.NDArray[np.uint32]:
        ends = self._array("ends", "u4", len(self._values))
        if (ends[1:] < ends[:-1]).any():
            raise self._damaged("ends do not increase")
        return ends

    def _place(self, value: Value, *, after: bool) -> int:
        """How many of the distinct numbers come before `value`, or up to it; exact for any two types of numbers."""
        number = _comparable(value)
        if self._dtype == "i8":
            if isinstance(number, float):
                number, after = (math.floor(number), True) if not number.is_integer() else (int(number), after)
            if number > INT64_MAX:
                return len(self._values)
            if number < INT64_MIN:
                return 0
        elif float(number) != number:
            # the float nearest to a large int is on one side of it: of floats, only that side counts
            after = float(number) < number
        side: Literal["left", "right"] = "right" if after else "left"
        return int(self._values.searchsorted(self._values.dtype.type(number), side))

    def _exactly(self, value: Value) -> int | float | None:
        """The number of the column's type that equals `value`, if there is one."""
        number = _comparable(value)
        if self._dtype == "f8":
            return float(number) if float(number) == number else None
        if isinstance(number, float) and not number.is_integer():
            return None
        return int(number) if INT64_MIN <= number <= INT64_MAX else None

    def _ranks(self, first: int, last: int) -> Mask:
        """Rows with one of the distinct numbers [first, last)."""
        if first >= last:
            return no_rows(self.rows)
        begin, end = int(self._ends[first - 1]) if first else 0, int(self._ends[last - 1])
        if (end - begin) * SPARSE < self.rows:
            rows = self._source.rows(array_name(self._number, "rows"), "u4", 1, begin, end).ravel()
            return self._checked(lambda: rows_mask(rows, self.rows))
        lows, highs = self._array("lows", "u4"), self._array("highs", "u4")
        return self._checked(lambda: rank_mask(self._row_ranks, lows, highs, self.present, first, last))


def _comparable(value: Value) -> int | float:
    """A number as it is, a date in microseconds since 1970."""
    if isinstance(value, dt.datetime):
        return (value - _EPOCH) // dt.timedelta(microseconds=1)
    assert isinstance(value, int | float)
    return value


def _text(value: Value) -> bytes:
    return str(value).encode()


class DocIdColumn:
    """doc_id as a field: every document has one.

    `documents_of` gives the documents, of `count`, that rows of the index are passages of; None where they are those.
    """

    def __init__(
        self,
        lexical: LexicalSegment,
        documents_of: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] | None = None,
        count: int | None = None,
    ) -> None:
        self._lexical, self._documents_of = lexical, documents_of
        self.rows = lexical.row_count if count is None else count
        self._places = range(lexical.row_count)

    @cached_property
    def present(self) -> Mask:
        return all_rows(self.rows)

    def equal(self, values: Sequence[str]) -> Mask:
        """Rows of these doc_ids; a deleted document may be missing."""
        encoded = [value.encode() for value in values]
        offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        found = self._lexical.find_documents(np.frombuffer(b"".join(encoded), np.uint8), offsets)
        return self._mask(found[found >= 0])

    def between(self, low: Bound | None, high: Bound | None) -> Mask:
        """Rows whose doc_ids are in this range of bytes."""
        first = 0 if low is None else self._place(_text(low.value), after=not low.inclusive)
        last = len(self._places) if high is None else self._place(_text(high.value), after=high.inclusive)
        return self._mask(self._order[first : max(first, last)])

    def starting(self, prefix: str) -> Mask:
        """Rows whose doc_ids begin so."""
        begin = prefix.encode()
        first = self._place(begin, after=False)
        last = bisect_left(self._places, True, first, key=lambda place: not self._id(place).startswith(begin))
        return self._mask(self._order[first:last])

    @cached_property
    def _order(self) -> npt.NDArray[np.uint32]:
        return self._lexical.doc_id_order()

    def _id(self, place: int) -> bytes:
        return self._lexical.doc_id(int(self._order[place])).encode()

    def _place(self, text: bytes, *, after: bool) -> int:
        if after:
            return bisect_left(self._places, True, key=lambda place: self._id(place) > text)
        return bisect_left(self._places, text, key=self._id)

    def _mask(self, rows: npt.NDArray[Any]) -> Mask:
        if self._documents_of is not None:
            rows = self._documents_of(rows)
        return rows_mask(rows.astype(np.uint32), self.rows)
