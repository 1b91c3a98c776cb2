"""Borda's count: each list votes with the number of documents it ranks lower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rocchio.fusion.lists import RankedLists
from rocchio.fusion.method import Fusion, Matrix


@dataclass(frozen=True)
class Borda(Fusion):
    """Of n documents in all lists together, a list gives n points to its first, n - 1 to its second, and so on.

    What it has left over, the documents that it lacks share: (n - length + 1) / 2 for each.
    Source: Aslam and Montague, "Models for metasearch", SIGIR 2001.
    """

    name: ClassVar[str] = "borda"

    def parts(self, lists: RankedLists) -> Matrix:
        """Points."""
        n = len(lists.doc_ids)
        shared = (n - np.array(lists.counts)[:, None] + 1) / 2
        return np.where(lists.ranks > 0, n + 1.0 - lists.ranks, shared)
