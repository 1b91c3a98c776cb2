"""CombSUM and CombMNZ on min-max normalised scores.

Sources: Fox and Shaw, "Combination of multiple searches", TREC-2, 1994; with min-max normalisation: Lee, "Analyses of
multiple evidence combination", SIGIR 1997. A list that lacks a document adds 0, like one that has it last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rocchio.fusion.lists import RankedLists
from rocchio.fusion.method import Fusion, Matrix
from rocchio.fusion.normalise import min_max, normalised


@dataclass(frozen=True)
class CombSum(Fusion):
    """A list adds its min-max normalised score."""

    name: ClassVar[str] = "combsum"

    def parts(self, lists: RankedLists) -> Matrix:
        """Normalised scores."""
        return normalised(lists, min_max)


@dataclass(frozen=True)
class CombMnz(CombSum):
    """A list adds its min-max normalised score times the number of lists that have the document."""

    name: ClassVar[str] = "combmnz"

    def parts(self, lists: RankedLists) -> Matrix:
        """Normalised scores times how many lists agree."""
        held: Matrix = np.count_nonzero(lists.ranks, axis=0).astype(np.float64)
        return super().parts(lists) * held
