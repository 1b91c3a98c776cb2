"""Which documents of a segment are deleted, and what that takes out of its statistics (docs/formats/tombstones.md).

A segment never changes; its tombstones are a file of their own, written anew by each commit that deletes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rocchio._native import LexicalSegment
from rocchio.errors import Corruption, IncompatibleFormat
from rocchio.types import Mask

TOMBSTONES_VERSION = 1
_MAGIC = b"ROCTOMB\n"
_HEADER = struct.Struct("<8sIIQ")


@dataclass(frozen=True)
class Tombstones:
    """`live` has a set bit for each document that is not deleted; `terms` (increasing) and `counts` say in how many
    deleted documents a term stood, so that document frequencies stay exact."""

    rows: int
    live: Mask
    terms: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.uint32]

    @classmethod
    def none(cls, rows: int) -> Tombstones:
        """Nothing deleted."""
        return cls(rows, np.empty(0, np.uint8), np.empty(0, np.uint32), np.empty(0, np.uint32))

    @property
    def is_deleted(self) -> npt.NDArray[np.bool_]:
        """By row."""
        if not len(self.live):
            return np.zeros(self.rows, np.bool_)
        return np.asarray(np.unpackbits(self.live, bitorder="little")[: self.rows] == 0, np.bool_)

    def delete(self, rows: Iterable[int], segment: LexicalSegment) -> Tombstones:
        """With further rows deleted; `segment` tells which terms they held."""
        deleted = self.is_deleted
        new = [row for row in sorted(set(rows)) if not deleted[row]]
        deleted[new] = True
        gone = [segment.forward(row)[0] for row in new]
        new_terms, new_counts = np.unique(np.concatenate([np.empty(0, np.uint32), *gone]), return_counts=True)
        terms = np.union1d(self.terms, new_terms)
        counts = np.zeros(len(terms), np.uint32)
        counts[np.searchsorted(terms, self.terms)] += self.counts
        counts[np.searchsorted(terms, new_terms)] += new_counts.astype(np.uint32)
        live = np.packbits(~deleted, bitorder="little")
        return Tombstones(self.rows, live, terms.astype(np.uint32), counts)

    def to_bytes(self) -> bytes:
        """The file's content."""
        header = _HEADER.pack(_MAGIC, TOMBSTONES_VERSION, self.rows, len(self.terms))
        return header + self.live.tobytes() + self.terms.astype("<u4").tobytes() + self.counts.astype("<u4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, rows: int, path: str) -> Tombstones:
        """The inverse of `to_bytes`. Raises Corruption or IncompatibleFormat."""
        if len(data) < _HEADER.size:
            raise Corruption(path, None, f"expected at least {_HEADER.size} bytes, found {len(data)}")
        magic, version, found_rows, terms = _HEADER.unpack_from(data)
        if magic != _MAGIC or found_rows != rows:
            raise Corruption(path, 0, f"expected the tombstones of {rows} rows")
        if not 1 <= version <= TOMBSTONES_VERSION:
            raise IncompatibleFormat(path, version, TOMBSTONES_VERSION)
        bitmap = (rows + 7) // 8
        if len(data) != _HEADER.size + bitmap + 8 * terms:
            raise Corruption(path, None, f"expected {terms} terms with deleted documents, found another size")
        live = np.frombuffer(data, np.uint8, bitmap, _HEADER.size)
        numbers = np.frombuffer(data, "<u4", 2 * terms, _HEADER.size + bitmap)
        if (np.diff(numbers[:terms].astype(np.int64)) <= 0).any():
            raise Corruption(path, _HEADER.size + bitmap, "terms are not increasing")
        return cls(rows, live, numbers[:terms], numbers[terms:])
