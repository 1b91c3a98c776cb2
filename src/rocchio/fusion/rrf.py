"""Reciprocal rank fusion: only ranks count, so lists of any scores can be fused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rocchio.errors import InvalidArgument
from rocchio.fusion.lists import RankedLists
from rocchio.fusion.method import Fusion, Matrix


@dataclass(frozen=True)
class Rrf(Fusion):
    """A list adds 1 / (k + rank), ranks counted from 1; a list that lacks the document adds 0.

    Source: Cormack, Clarke, Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
    methods", SIGIR 2009. Raises InvalidArgument for a k that is not from 0 to a million.
    """

    k: float = 60
    name: ClassVar[str] = "rrf"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.k, bool) or not isinstance(self.k, int | float) or not 0 <= self.k <= 1e6:
            raise InvalidArgument(f"expected k of rrf from 0 to 1000000, found {self.k!r}")

    def parts(self, lists: RankedLists) -> Matrix:
        """1 / (k + rank)."""
        return np.where(lists.ranks > 0, 1.0 / (self.k + np.maximum(lists.ranks, 1)), 0.0)
