"""Scores of one ranked list put on a scale that other lists share.

Both count from the lowest score of the list, so a document that the list lacks, which has at most that, gets 0. In a
list whose scores are all the same, perhaps a single document, each gets 1: being found must be worth something.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rocchio.fusion.lists import RankedLists
from rocchio.fusion.method import Matrix


def min_max(scores: Matrix) -> Matrix:
    """(score - lowest) / (highest - lowest), float64 (n,) from 0 to 1."""
    lowest, highest = scores.min(), scores.max()
    return (scores - lowest) / (highest - lowest) if highest > lowest else np.ones_like(scores)


def z_norm(scores: Matrix) -> Matrix:
    """(score - lowest) / standard deviation, float64 (n,) from 0: the z-score, counted from that of the last document.

    Taking one number from all z-scores of a list changes no ranking of fused scores.
    """
    lowest, deviation = scores.min(), scores.std()
    # equal scores may have a deviation above 0, that of their mean's rounding; tiny ones one of 0
    differ = scores.max() > lowest and deviation > 0
    return (scores - lowest) / deviation if differ else np.ones_like(scores)


def normalised(lists: RankedLists, scale: Callable[[Matrix], Matrix]) -> Matrix:
    """Each list's scores on a `scale`, float64 (lists, documents); 0 for documents that it lacks."""
    found = np.zeros(lists.ranks.shape)
    for row, places, scores in zip(found, lists.places, lists.scores, strict=True):
        if len(places):
            row[places] = scale(scores)
    return found
