"""Scores of one ranked list put on a scale that other lists share.

Both count from the lowest score of the list, which a document that the list lacks has at most: it gets 0. Where a list
is known to go on with documents of score 0, these take part, and are what a document that it lacks is among.
If all scores are the same, perhaps that of a single document, each gets 1: being found must be worth something.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rocchio.fusion.lists import RankedLists
from rocchio.fusion.method import Matrix


def min_max(scores: Matrix, zeros: int) -> tuple[Matrix, float]:
    """(score - lowest) / (highest - lowest), float64 (n,) from 0 to 1, and what a document not in the list gets."""
    lowest, highest = _range(scores, zeros)
    if not highest > lowest:
        return np.ones_like(scores), 0.0
    return (scores - lowest) / (highest - lowest), _absent(lowest, zeros) / (highest - lowest)


def z_norm(scores: Matrix, zeros: int) -> tuple[Matrix, float]:
    """(score - lowest) / standard deviation, float64 (n,) from 0, and what a document not in the list gets.

    That is the z-score, counted from that of the last document: taking one number from all z-scores of a list changes
    no ranking of fused scores.
    """
    lowest, highest = _range(scores, zeros)
    count = len(scores) + zeros
    mean = scores.sum() / count
    deviation = np.sqrt((np.square(scores - mean).sum() + zeros * mean * mean) / count)
    # equal scores may have a deviation above 0, that of their mean's rounding; tiny ones one of 0
    if not (highest > lowest and deviation > 0):
        return np.ones_like(scores), 0.0
    return (scores - lowest) / deviation, _absent(lowest, zeros) / deviation


def _range(scores: Matrix, zeros: int) -> tuple[float, float]:
    """Lowest and highest score of the list, zeros included."""
    lowest, highest = float(scores.min()), float(scores.max())
    return (min(lowest, 0.0), max(highest, 0.0)) if zeros else (lowest, highest)


def _absent(lowest: float, zeros: int) -> float:
    """How far above the lowest score a document stands that the list lacks."""
    return 0.0 - lowest if zeros else 0.0


def normalised(lists: RankedLists, scale: Callable[[Matrix, int], tuple[Matrix, float]]) -> Matrix:
    """Each list's scores on a `scale`, float64 (lists, documents), also for documents that it lacks."""
    found = np.zeros((len(lists.places), len(lists.doc_ids)))
    for row, places, scores, zeros in zip(found, lists.places, lists.scores, lists.zeros, strict=True):
        if len(places):
            values, absent = scale(scores, zeros)
            row[:] = absent
            row[places] = values
    return found
