"""What an index of a vector field is and does, for `info`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rocchio.dense.segment import VectorSegment

SHOWN_RECALLS = (0.9, 0.95, 0.99)
SHOWN_K = 10


@dataclass(frozen=True)
class RecallEffort:
    """What a search for the best 10 looks at for a recall, in the largest segment; None twice: at every vector.

    `lists` are those that are scanned, `rows` those that are looked at closely.
    """

    recall: float
    lists: int | None
    rows: int | None


@dataclass(frozen=True)
class VectorInfo:
    """One vector field: vectors (deleted ones included), inverted lists, bytes on disk of originals and of the index.

    The index is what searches hold in memory; of the originals they touch a few rows. `recalls` are as measured when
    the index was built, or by `calibrate`; there are none while vectors are so few that all are compared.
    """

    vectors: int
    lists: int
    original_bytes: int
    index_bytes: int
    recalls: tuple[RecallEffort, ...]


def describe_vectors(segments: Sequence[VectorSegment], original_bytes: int, index_bytes: int) -> VectorInfo:
    """The field's segments together."""
    largest = max(segments, key=lambda segment: segment.count, default=None)
    recalls = []
    if largest is not None and largest.calibration.settings:
        for recall in SHOWN_RECALLS:
            effort = largest.effort(SHOWN_K, recall)
            looked_at = (effort.probes, effort.refine) if effort else (None, None)
            recalls.append(RecallEffort(recall, *looked_at))
    vectors = sum(segment.count for segment in segments)
    lists = sum(segment.lists for segment in segments)
    return VectorInfo(vectors, lists, original_bytes, index_bytes, tuple(recalls))
