"""Writes the lexical arrays of a segment, from a builder or from segments to merge (docs/formats/lexical.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio._native import SegmentMerger, encode_elias_fano, encode_packed
from rocchio.storage.array_file import ArrayFileWriter

Array = npt.NDArray[Any]
Items = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint64]]
"""Encoded items: bytes, and the offsets of each item in them, with the end of the last."""

CHUNK_POSTINGS = 1 << 22
"""Postings that a merge holds at a time (4 Mi, one or two bytes each)."""


def write_built(out: ArrayFileWriter, built: Mapping[str, Any]) -> None:
    """Write what `SegmentBuilder.finish` returned."""
    out.add("term_bytes", "u1", [built["term_bytes"]])
    add_sequence(out, "term_offsets", built["term_offsets"])
    add_packed(out, "term_order", [built["term_order"]])
    add_sequence(out, "posting_counts", built["posting_counts"])
    _add_items(out, "posting_lists", "posting_offsets", [built["postings"]])
    _add_items(out, "forward_rows", "forward_offsets", [built["forward"]])
    out.add("frequency_tuples", "u4", [built["frequency_tuples"]])
    add_packed(out, "lengths", built["lengths"])


def write_merged(out: ArrayFileWriter, merger: SegmentMerger, fields: int, advance: Callable[[int], None]) -> None:
    """Write a merge range by range; `advance` is told the postings done, of twice the number of postings."""
    posting_counts, forward_counts = merger.posting_counts(), merger.forward_counts()
    out.add("term_bytes", "u1", [merger.term_bytes()])
    add_sequence(out, "term_offsets", merger.term_offsets())
    add_packed(out, "term_order", [merger.term_order()])
    add_sequence(out, "posting_counts", posting_counts)
    _add_items(out, "posting_lists", "posting_offsets", _in_ranges(merger.postings, posting_counts, advance))
    _add_items(out, "forward_rows", "forward_offsets", _in_ranges(merger.forward, forward_counts, advance))
    out.add("frequency_tuples", "u4", [merger.frequency_tuples()])
    add_packed(out, "lengths", (merger.lengths(field) for field in range(fields)))


def write_doc_ids(out: ArrayFileWriter, data: Array, offsets: Array, order: Array) -> None:
    """Write the doc_ids by row: their bytes, offsets with the end of the last, and the rows sorted bytewise by them."""
    out.add("doc_id_bytes", "u1", [data])
    add_sequence(out, "doc_id_offsets", offsets)
    add_packed(out, "doc_id_order", [order])


def add_sequence(out: ArrayFileWriter, name: str, numbers: Array) -> None:
    """Append an array of numbers that do not decrease."""
    out.add(name, "u8", [encode_elias_fano(numbers.astype(np.uint64, copy=False))])


def add_packed(out: ArrayFileWriter, name: str, parts: Iterable[Array]) -> None:
    """Append an array of packed sequences."""
    out.add(name, "u1", (encode_packed(part.astype(np.uint32, copy=False)) for part in parts))


def ranges(counts: npt.NDArray[np.uint64], most: int = CHUNK_POSTINGS) -> Iterator[tuple[int, int]]:
    """Cuts lists, given by their offsets, into runs of whole lists with at most `most` items (or one longer list)."""
    first, count = 0, len(counts) - 1
    while first < count:
        fits = int(np.searchsorted(counts, counts[first] + np.uint64(most), side="right")) - 1
        last = max(first + 1, min(fits, count))
        yield first, last
        first = last


def _in_ranges(
    encode: Callable[[int, int], Items], counts: npt.NDArray[np.uint64], advance: Callable[[int], None]
) -> Iterator[Items]:
    for first, last in ranges(counts):
        yield encode(first, last)
        advance(int(counts[last] - counts[first]))


def _add_items(out: ArrayFileWriter, items: str, offsets: str, pieces: Iterable[Items]) -> None:
    # the offsets, 8 bytes an item, wait in memory while the bytes stream out
    ends = [np.zeros(1, np.uint64)]

    def item_bytes() -> Iterator[Array]:
        for piece, piece_offsets in pieces:
            ends.append(ends[-1][-1] + piece_offsets[1:])
            yield piece

    out.add(items, "u1", item_bytes())
    add_sequence(out, offsets, np.concatenate(ends))
