"""Writes and opens columns that were computed ahead (docs/formats/frozen.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio._native import FrozenColumns, Searcher
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter

FROZEN_ARRAYS = {"columns": "u1", "terms": "u4", "begins": "u8", "made_for": "f8"}
"""Arrays of a file of frozen columns and their types."""

CHUNK_BYTES = 16 << 20
"""Bytes of columns that are computed at a time."""


@dataclass
class Frozen:
    """What was frozen: columns and their bytes."""

    terms: int = 0
    size_bytes: int = 0


def write_frozen(out: ArrayFileWriter, searcher: Searcher, segment: int, most_bytes: int) -> Frozen:
    """Write a segment's columns, those of the most frequent terms first, as many as fit `most_bytes`."""
    terms: list[npt.NDArray[np.uint32]] = [np.empty(0, np.uint32)]
    begins: list[npt.NDArray[np.uint64]] = [np.empty(0, np.uint64)]
    frozen = Frozen()

    def pieces() -> Any:
        is_full = False
        while not is_full:
            some, places, data = searcher.freeze(segment, frozen.terms, CHUNK_BYTES)
            ends = np.append(places[1:], np.uint64(len(data)))
            fitting = int(np.searchsorted(ends, np.uint64(most_bytes - frozen.size_bytes), side="right"))
            is_full = fitting < len(some) or not len(some)
            size = int(ends[fitting - 1]) if fitting else 0
            terms.append(some[:fitting])
            begins.append(places[:fitting] + np.uint64(frozen.size_bytes))
            frozen.terms += fitting
            frozen.size_bytes += size
            yield data[:size]

    out.add("columns", FROZEN_ARRAYS["columns"], pieces())
    by_rank = np.concatenate(terms)
    order = np.argsort(by_rank)
    out.add("terms", FROZEN_ARRAYS["terms"], [by_rank[order]])
    out.add("begins", FROZEN_ARRAYS["begins"], [np.concatenate(begins)[order]])
    out.add("made_for", FROZEN_ARRAYS["made_for"], [searcher.column_identity(segment)])
    return frozen


def open_frozen(file: ArrayFile) -> FrozenColumns:
    """The columns in a file, read as they are asked for. Raises Corruption when the shapes do not fit."""
    return FrozenColumns({name: file.native(name, dtype) for name, dtype in FROZEN_ARRAYS.items()})
