"""Offline feedback: the results of pseudo-queries, found ahead, take the place of a second search.

Wen et al., "Offline Pseudo Relevance Feedback for Efficient and Effective Single-pass Dense Retrieval", SIGIR 2023. A
query is compared with the pseudo-queries by BM25. The lists of the best are added up: final(d) = sum_i w_i s_i(d), w
the softmax of the BM25 scores, s the min-max scores of a list, 0 for a document that it lacks. The kernels do the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

LARGEST_CODE = 255


def softmax(scores: Sequence[float]) -> list[float]:
    """exp(score) over the sum of all, without overflow; [] of none."""
    largest = max(scores, default=0.0)
    powers = [math.exp(score - largest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def combine(lists: Sequence[Mapping[int, int]], scores: Sequence[float]) -> dict[int, np.float32]:
    """{document: score} of stored lists {document: code}, for the scores of their pseudo-queries, best first."""
    totals: dict[int, float] = {}
    for codes, weight in zip(lists, softmax(scores), strict=True):
        for document, code in codes.items():
            totals[document] = totals.get(document, 0.0) + weight * (code / LARGEST_CODE)
    return {document: np.float32(total) for document, total in totals.items()}


def min_max_codes(scores: npt.NDArray[np.float32], zeros: int) -> npt.NDArray[np.uint8]:
    """255 * (score - lowest) / (highest - lowest), rounded, uint8 (n,), of a ranked list.

    Where it is known to go on with `zeros` documents of score 0, these take part, as in fusion. Equal scores get 255:
    being found must be worth something.
    """
    if not len(scores):
        return np.empty(0, np.uint8)
    wide = scores.astype(np.float64)
    lowest, highest = float(wide.min()), float(wide.max())
    if zeros:
        lowest, highest = min(lowest, 0.0), max(highest, 0.0)
    if not highest > lowest:
        return np.full(len(scores), LARGEST_CODE, np.uint8)
    return np.rint((wide - lowest) / (highest - lowest) * LARGEST_CODE).astype(np.uint8)
