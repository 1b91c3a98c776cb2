"""From passages to documents: the best k documents of what a search for passages finds, exactly.

A search gives passages by score, then by doc_id, then by place in the document. The first passage of each document is
its best one, and documents in the order of their first passages are in the order of their scores, ties by doc_id. So
the best k documents are known as soon as k of them have been met, or there are no more passages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rocchio.engine.found import Found
from rocchio.storage.passage_file import PassageReader

FIRST, MORE = 2, 4
"""Passages that are asked for at first, for each document wanted, and how many times as many if they do not suffice."""

Search = Callable[[int, int, int], Found]
"""What finds, for the queries [first, last), the best so many passages."""


class Groups:
    """Which document each row of a snapshot belongs to. `rows` and `documents` count them, deleted ones included."""

    def __init__(self, segments: Sequence[PassageReader], rows: int) -> None:
        self._segments, self.rows = segments, rows
        self._bases = np.cumsum([0, *(segment.documents for segment in segments)])
        self.documents = int(self._bases[-1])

    def numbers(self, found: Found) -> npt.NDArray[np.int64]:
        """A number for the document of each hit, the same for those of one document."""
        numbers = np.empty(len(found.rows), np.int64)
        for segment in np.unique(found.segments).tolist():
            chosen = found.segments == segment
            numbers[chosen] = self._bases[segment] + self._segments[segment].documents_of(found.rows[chosen])
        return numbers


def best_documents(groups: Groups, queries: int, k: int, search: Search) -> Found:
    """The best k documents of each query, each as its best passage; fewer where there are no more."""
    wanted = min(FIRST * k, max(1, groups.rows))  # an empty snapshot is asked too
    found = search(0, queries, wanted)
    best = _first_of_each(groups, found, k)
    short = np.flatnonzero((_counts(best) < k) & (_counts(found) == wanted) & (wanted < groups.rows)).tolist()
    return best.replaced({query: _widened(groups, query, k, search) for query in short}) if short else best


def _widened(groups: Groups, query: int, k: int, search: Search) -> Found:
    """The best k documents of a query whose best passages are of few documents."""
    wanted = FIRST * k
    while True:
        wanted = min(MORE * wanted, groups.rows)
        found = search(query, query + 1, wanted)
        best = _first_of_each(groups, found, k)
        if len(best.rows) == k or len(found.rows) < wanted or wanted == groups.rows:
            return best


def _first_of_each(groups: Groups, found: Found, k: int) -> Found:
    """The first hit of each document, for each query at most k."""
    begins = found.offsets[:-1].astype(np.int64)
    of_query = np.repeat(np.arange(len(begins)), _counts(found))
    keep = np.zeros(len(of_query), np.bool_)
    keep[np.unique(of_query * groups.documents + groups.numbers(found), return_index=True)[1]] = True
    before = np.concatenate([[0], np.cumsum(keep)])
    keep &= before[:-1] - before[begins][of_query] < k
    return found.chosen(keep)


def _counts(found: Found) -> npt.NDArray[np.int64]:
    """How many hits each query has."""
    ends = found.offsets.astype(np.int64)
    return ends[1:] - ends[:-1]
