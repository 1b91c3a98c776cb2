"""What searches of a snapshot find, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Found:
    """Hits of a batch, best first: query i has hits [offsets[i], offsets[i+1])."""

    offsets: npt.NDArray[np.uint64]
    segments: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]
    scores: npt.NDArray[np.float32]

    def scores_by_query(self) -> list[npt.NDArray[np.float32]]:
        """A view of the scores for each query."""
        return [self.scores[begin:end] for begin, end in pairwise(self.offsets.tolist())]

    def chosen(self, keep: npt.NDArray[np.bool_]) -> Found:
        """The hits to `keep` (hits,)."""
        ends = np.concatenate([[0], np.cumsum(keep)])[self.offsets.astype(np.int64)]
        return Found(ends.astype(np.uint64), self.segments[keep], self.rows[keep], self.scores[keep])

    def replaced(self, others: dict[int, Found]) -> Found:
        """The same with the hits of some queries replaced by those of a batch of one query each."""
        segments, rows, scores = [], [], []
        counts = [0]
        for query, (begin, end) in enumerate(pairwise(self.offsets.tolist())):
            other = others.get(query)
            segments.append(self.segments[begin:end] if other is None else other.segments)
            rows.append(self.rows[begin:end] if other is None else other.rows)
            scores.append(self.scores[begin:end] if other is None else other.scores)
            counts.append(len(rows[-1]))
        offsets = np.cumsum(counts).astype(np.uint64)
        return Found(offsets, np.concatenate(segments), np.concatenate(rows), np.concatenate(scores))
