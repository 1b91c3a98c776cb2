"""Writes the lexical arrays of a segment, from a builder or from segments to merge (docs/formats/lexical.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio._native import SegmentMerger
from rocchio.storage.array_file import ArrayFileWriter

Array = npt.NDArray[Any]

CHUNK_POSTINGS = 1 << 22
"""Postings that a merge holds at a time (4 Mi, at most 5 bytes each)."""


def write_built(out: ArrayFileWriter, built: Mapping[str, Any]) -> None:
    """Write what `SegmentBuilder.finish` returned."""
    out.add("term_bytes", "u1", [built["term_bytes"]])
    out.add("term_offsets", "u8", [built["term_offsets"]])
    out.add("posting_offsets", "u8", [built["posting_offsets"]])
    out.add("posting_rows", "u4", [built["posting_rows"]])
    _write_codes(out, "posting", [built["posting"]])
    out.add("forward_offsets", "u8", [built["forward_offsets"]])
    out.add("forward_terms", "u4", [built["forward_terms"]])
    _write_codes(out, "forward", [built["forward"]])
    out.add("frequency_tuples", "u4", [built["frequency_tuples"]])
    out.add("lengths", "u4", [built["lengths"]])


def write_merged(out: ArrayFileWriter, merger: SegmentMerger, fields: int, advance: Callable[[int], None]) -> None:
    """Write a merge range by range; `advance` is told the postings done, of four times the number of postings."""
    posting_ranges = list(ranges(merger.posting_offsets()))
    forward_ranges = list(ranges(merger.forward_offsets()))
    out.add("term_bytes", "u1", [merger.term_bytes()])
    out.add("term_offsets", "u8", [merger.term_offsets()])
    out.add("posting_offsets", "u8", [merger.posting_offsets()])
    out.add("posting_rows", "u4", _told((merger.posting_rows(*r) for r in posting_ranges), advance))
    _write_codes(out, "posting", _told_codes((merger.posting_codes(*r) for r in posting_ranges), advance))
    out.add("forward_offsets", "u8", [merger.forward_offsets()])
    out.add("forward_terms", "u4", _told((merger.forward_terms(*r) for r in forward_ranges), advance))
    _write_codes(out, "forward", _told_codes((merger.forward_codes(*r) for r in forward_ranges), advance))
    out.add("frequency_tuples", "u4", [merger.frequency_tuples()])
    out.add("lengths", "u4", (merger.lengths(field) for field in range(fields)))


def ranges(offsets: npt.NDArray[np.uint64], most: int = CHUNK_POSTINGS) -> Iterator[tuple[int, int]]:
    """Cuts lists, given by their offsets, into runs of whole lists with at most `most` items (or one longer list)."""
    first, count = 0, len(offsets) - 1
    while first < count:
        fits = int(np.searchsorted(offsets, offsets[first] + np.uint64(most), side="right")) - 1
        last = max(first + 1, min(fits, count))
        yield first, last
        first = last


def _write_codes(out: ArrayFileWriter, stream: str, pieces: Any) -> None:
    # escapes are few: they wait in memory while the code bytes stream out
    positions: list[Array] = []
    codes: list[Array] = []

    def code_bytes() -> Iterator[Array]:
        for piece in pieces:
            positions.append(piece["escape_positions"])
            codes.append(piece["escape_codes"])
            yield piece["codes"]

    out.add(f"{stream}_codes", "u1", code_bytes())
    out.add(f"{stream}_escape_positions", "u8", positions)
    out.add(f"{stream}_escape_codes", "u4", codes)


def _told(pieces: Iterator[Array], advance: Callable[[int], None]) -> Iterator[Array]:
    for piece in pieces:
        yield piece
        advance(piece.size)


def _told_codes(pieces: Iterator[Mapping[str, Array]], advance: Callable[[int], None]) -> Iterator[Mapping[str, Array]]:
    for piece in pieces:
        yield piece
        advance(piece["codes"].size)
