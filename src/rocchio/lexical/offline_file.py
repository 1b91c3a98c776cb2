"""Writes and opens the file of offline feedback (docs/formats/offline.md): pseudo-queries, and what each has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio._native import (
    LexicalSegment,
    SegmentBuilder,
    StoredLists,
    encode_elias_fano,
    encode_stored_lists,
)
from rocchio.analysis import Analysis
from rocchio.errors import Corruption, InvalidArgument
from rocchio.lexical.reader import open_lexical
from rocchio.lexical.writer import add_sequence, write_built, write_doc_ids
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter
from rocchio.storage.tombstones import Tombstones

LIST_ARRAYS = {"list_offsets": "u8", "lists": "u1"}
"""Arrays that the file has beside those of an index, and their types."""

LARGEST_CODE = 255
_TABLE_BYTES = 2048
"""More than the names and places of the arrays take at the end of the file."""


@dataclass(frozen=True)
class Lists:
    """Ranked lists: list i has entries [offsets[i], offsets[i + 1]), uint64; `documents` (uint32, numbered over all
    segments, increasing) with scores as `codes` (uint8, 255 is the best of a list, none is 0)."""

    offsets: npt.NDArray[np.uint64]
    documents: npt.NDArray[np.uint32]
    codes: npt.NDArray[np.uint8]

    def at_least(self, code: int) -> Lists:
        """Without the entries of smaller codes."""
        keep = self.codes >= code
        ends = np.concatenate([[0], np.cumsum(keep, dtype=np.uint64)]).astype(np.uint64)
        return Lists(ends[self.offsets.astype(np.int64)], self.documents[keep], self.codes[keep])


def joined(parts: Sequence[Lists]) -> Lists:
    """The lists of all parts, in order."""
    starts = np.cumsum([0, *(len(part.documents) for part in parts)], dtype=np.uint64)
    offsets = [part.offsets[1:] + start for part, start in zip(parts, starts[:-1], strict=True)]
    return Lists(
        np.concatenate([np.zeros(1, np.uint64), *offsets]),
        np.concatenate([np.empty(0, np.uint32), *(part.documents for part in parts)]),
        np.concatenate([np.empty(0, np.uint8), *(part.codes for part in parts)]),
    )


def write_index(out: ArrayFileWriter, analysis: Analysis, ids: npt.NDArray[Any], ends: npt.NDArray[Any]) -> None:
    """Write the inverted index of pseudo-queries, given as terms of `analysis`."""
    count = len(ends) - 1
    builder = SegmentBuilder(1)
    builder.add([ids], [ends], analysis.term_count)
    write_built(out, builder.finish(*analysis.terms_arrays()))
    # an index has doc_ids, and breaks ties by them: numbers of one width are in the order of rows
    width = max(1, len(f"{max(count - 1, 0):x}"))
    names = "".join(f"{row:0{width}x}" for row in range(count)).encode()
    offsets = np.arange(count + 1, dtype=np.uint64) * np.uint64(width)
    write_doc_ids(out, np.frombuffer(names, np.uint8), offsets, np.arange(count, dtype=np.uint32))


def write_lists(out: ArrayFileWriter, lists: Lists, documents: int, most_bytes: int) -> int:
    """Write the lists over so many `documents`, without the smallest scores if they do not fit `most_bytes` with what
    the file has already; returns how many entries were written. Raises InvalidArgument when nothing fits.
    """
    room = most_bytes - out.size_bytes - _TABLE_BYTES
    low, high = 1, LARGEST_CODE
    if _size(lists, documents, low) <= room:
        high = low
    while low < high:  # the smallest code with which all fits
        middle = (low + high) // 2
        low, high = (low, middle) if _size(lists, documents, middle) <= room else (middle + 1, high)
    data, offsets = encode_stored_lists(lists.offsets, lists.documents, lists.codes, documents, high)
    if len(data) + _offset_bytes(offsets) > room:
        needed = out.size_bytes + _TABLE_BYTES + len(data) + _offset_bytes(offsets)
        raise InvalidArgument(
            f"expected max_mb of at least {(needed >> 20) + 1} for {len(lists.offsets) - 1:,} pseudo-queries with the "
            f"best document of each, found {most_bytes >> 20}; give more or make fewer or shorter pseudo-queries"
        )
    add_sequence(out, "list_offsets", offsets)
    out.add("lists", LIST_ARRAYS["lists"], [data])
    return int((lists.codes >= high).sum())


def _size(lists: Lists, documents: int, least: int) -> int:
    data, offsets = encode_stored_lists(lists.offsets, lists.documents, lists.codes, documents, least)
    return len(data) + _offset_bytes(offsets)


def _offset_bytes(offsets: npt.NDArray[np.uint64]) -> int:
    return 8 * len(encode_elias_fano(offsets))


def open_offline_arrays(file: ArrayFile, count: int, documents: int) -> tuple[LexicalSegment, StoredLists]:
    """The index of `count` pseudo-queries and their lists over `documents`. Raises Corruption when shapes do not fit.

    Contents are verified when touched.
    """
    index = open_lexical(file, count, 1, Tombstones.none(count))
    lists = StoredLists({name: file.native(name, dtype) for name, dtype in LIST_ARRAYS.items()}, documents)
    if len(lists) != count:
        raise Corruption(file.file.path, None, f"expected {count} lists, found {len(lists)}")
    return index, lists
