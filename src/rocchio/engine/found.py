"""What searches of a snapshot find, as arrays."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Found(NamedTuple):
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

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many hits each query has."""
        ends = self.offsets.astype(np.int64)
        return ends[1:] - ends[:-1]

    def replaced(self, queries: npt.NDArray[np.int64], others: Found) -> Found:
        """The same with the hits of some queries, in increasing order, replaced by those of `others`."""
        parts: list[tuple[Found, int, int]] = []
        of_others = dict(zip(queries.tolist(), pairwise(others.offsets.tolist()), strict=True))
        for query, (begin, end) in enumerate(pairwise(self.offsets.tolist())):
            parts.append((others, *of_others[query]) if query in of_others else (self, begin, end))
        offsets = np.cumsum([0, *(end - begin for _, begin, end in parts)]).astype(np.uint64)
        return Found(
            offsets,
            np.concatenate([found.segments[begin:end] for found, begin, end in parts]),
            np.concatenate([found.rows[begin:end] for found, begin, end in parts]),
            np.concatenate([found.scores[begin:end] for found, begin, end in parts]),
        )
