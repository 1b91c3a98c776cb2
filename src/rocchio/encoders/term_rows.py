"""Documents as counts of terms, read from the forward index of a segment: what latent semantic analysis works on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rocchio._native import LexicalSegment

BLOCK_ROWS = 4096


@dataclass(frozen=True)
class TermRows:
    """Some rows in order: row r has the terms ids[offsets[r]:offsets[r + 1]], each `counts` times.

    `ids` uint32, numbers of terms in their segment; `counts` float32, all at least 1; `offsets` int64 (rows + 1,).
    """

    ids: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True)
class SegmentTerms:
    """A segment's live documents as terms of some of its text fields.

    `live` (rows,) says which documents count; the others are rows without terms. `columns` are the text fields.
    """

    lexical: LexicalSegment
    live: npt.NDArray[np.bool_]
    columns: Sequence[int]

    def blocks(self, block_rows: int = BLOCK_ROWS) -> Iterator[TermRows]:
        """All rows in order, some thousand at a time. Raises Corruption."""
        for first in range(0, len(self.live), block_rows):
            yield self._block(first, self.live[first : first + block_rows])

    def _block(self, first: int, live: npt.NDArray[np.bool_]) -> TermRows:
        ids, codes = [np.empty(0, np.uint32)], [np.empty(0, np.uint32)]
        lengths = np.zeros(len(live), np.int64)
        for place in np.flatnonzero(live).tolist():
            row_ids, row_codes = self.lexical.forward(first + place)
            ids.append(row_ids)
            codes.append(row_codes)
            lengths[place] = len(row_ids)
        counts = self._counts(np.concatenate(codes))
        rows = TermRows(np.concatenate(ids), counts, np.concatenate([[0], np.cumsum(lengths)]))
        return rows if counts.all() else select(rows, counts > 0)

    def _counts(self, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
        """How often each posting's term stands in the chosen fields."""
        distinct, places = np.unique(codes, return_inverse=True)
        by_field = [self.lexical.frequencies(code) for code in distinct.tolist()]
        counts = [sum(frequencies[column] for column in self.columns) for frequencies in by_field]
        return np.array(counts, np.float32)[places]

    def terms(self, numbers: npt.NDArray[np.int64]) -> list[str]:
        """The strings of terms. Raises Corruption."""
        return [self.lexical.term(number) for number in numbers.tolist()]


def select(rows: TermRows, keep: npt.NDArray[np.bool_]) -> TermRows:
    """The same rows with only the entries to `keep` (entries,)."""
    ends = np.concatenate([[0], np.cumsum(keep)])[rows.offsets]
    return TermRows(rows.ids[keep], rows.counts[keep], ends)
