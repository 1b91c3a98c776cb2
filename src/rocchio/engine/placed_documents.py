"""Documents of a snapshot by where they are: what lists of its own searches are fused by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from rocchio._native import Searcher
from rocchio.engine.grouping import Groups
from rocchio.fusion import NumberedDocuments
from rocchio.types import DocId

Numbers = npt.NDArray[np.uint32]


class PlacedDocuments(NumberedDocuments):
    """The documents with the rows (n,) in segments (n,). Where `groups` are given, rows are passages of documents."""

    def __init__(self, names: Searcher, groups: Groups | None, segments: Numbers, rows: Numbers) -> None:
        self._names, self._groups, self._segments, self._rows = names, groups, segments, rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def numbers(self) -> npt.NDArray[np.uint64]:
        """By document (n,)."""
        if self._groups is not None:
            return self._groups.numbers(self._segments, self._rows).astype(np.uint64)
        numbers = self._segments.astype(np.uint64)
        numbers <<= 32
        numbers |= self._rows
        return numbers

    def chosen(self, places: npt.NDArray[np.int64]) -> list[DocId]:
        """The doc_ids at some places."""
        doc_ids: list[DocId] = self._names.doc_ids(self._segments[places], self._rows[places])
        return doc_ids

    @classmethod
    def joined(cls, lists: Sequence[Self], places: npt.NDArray[np.int64]) -> Self:
        """Those at some places of lists, one after the other."""
        segments = np.concatenate([each._segments for each in lists])
        rows = np.concatenate([each._rows for each in lists])
        return cls(lists[0]._names, lists[0]._groups, segments[places], rows[places])
