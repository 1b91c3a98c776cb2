"""Weighted sums of normalised scores.

Source: Bruch, Gai, Ingber, "An analysis of fusion functions for hybrid retrieval", ACM TOIS 42(1), 2023: a convex
combination beats reciprocal ranks in and out of domain, and needs few judgements to fit. A list that lacks a document
adds 0, as it does for its last document: list minimum, not score 0, so that scores may be negative. Only where the list
is known to go on with zeros is it score 0 (`RankedList.zeros`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from rocchio.fusion.lists import RankedLists
from rocchio.fusion.method import Fusion, Matrix
from rocchio.fusion.normalise import min_max, normalised, z_norm


@dataclass(frozen=True)
class MinMax(Fusion):
    """A list adds weight * (score - lowest) / (highest - lowest); 0 for a document that it lacks.

    Without weights every list has the same, and all together 1.
    """

    name: ClassVar[str] = "minmax"

    def parts(self, lists: RankedLists) -> Matrix:
        """Normalised scores."""
        return normalised(lists, min_max)

    def list_weights(self, lists: int) -> npt.NDArray[np.float64]:
        """One weight for each list; equal ones that sum to 1 where the value has none."""
        return super().list_weights(lists) if self.weights else np.full(lists, 1 / max(lists, 1))


@dataclass(frozen=True)
class ZNorm(MinMax):
    """A list adds weight * (score - lowest) / standard deviation; 0 for a document that it lacks.

    Without weights every list has the same, and all together 1.
    """

    name: ClassVar[str] = "znorm"

    def parts(self, lists: RankedLists) -> Matrix:
        """z-scores, counted from that of the last document."""
        return normalised(lists, z_norm)
