"""From passages to documents: the best k documents of what a search for passages finds, exactly.

A search gives passages by score, then by doc_id, then by place in the document. The first passage of each document is
its best one, and documents in the order of their first passages are in the order of their scores, ties by doc_id. So
the best k documents are known as soon as k of them have been met, or there are no more passages.

How many passages are asked for depends on k and on the snapshot, not on the other queries of a batch: what an
approximate search finds would depend on them too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rocchio.engine.found import Found
from rocchio.storage.passage_file import PassageReader

MOST_FIRST, MORE = 4, 4
"""Passages that are asked for at first, at most, for each document wanted, and how many times as many where they do not
suffice. On articles of fifteen passages, four a document suffice for 95 to 99 of 100 questions, k from 10 to 1,000."""

Queries = npt.NDArray[np.int64]
"""Numbers of queries of a batch."""
Search = Callable[[Queries, int], Found]
"""What finds, for some queries, the best so many passages."""


class Groups:
    """Which document each row of a snapshot belongs to. `rows` and `documents` count them, deleted ones included."""

    def __init__(self, segments: Sequence[PassageReader], rows: Sequence[int]) -> None:
        self._segments = segments
        self._first_rows = np.cumsum([0, *rows])
        self.rows = sum(rows)
        self.documents = sum(segment.documents for segment in segments)

    @cached_property
    def _document_of(self) -> npt.NDArray[np.uint32]:
        """By row of all segments, one after the other: the number of its document, from 0."""
        counts = [np.diff(segment.first_rows) for segment in self._segments]
        per_document = np.concatenate([np.empty(0, np.int64), *counts])
        return np.repeat(np.arange(self.documents, dtype=np.uint32), per_document)

    def numbers(self, segments: npt.NDArray[np.uint32], rows: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        """The number of the document that each row belongs to."""
        return self._document_of[self._first_rows[segments] + rows]

    def passages_for(self, documents: int) -> int:
        """How many passages to ask for at first: none to spare where each document is one."""
        share = self.rows / max(1, self.documents)
        return min(documents * min(MOST_FIRST, int(np.ceil(2 * share)) - 1), self.rows)


def best_documents(groups: Groups, queries: int, k: int, search: Search) -> Found:
    """The best k documents of each query, each as its best passage; fewer where there are no more."""
    wanted = max(1, groups.passages_for(k))  # an empty snapshot is asked too
    found = search(np.arange(queries), wanted)
    best = _first_of_each(groups, found, k)
    short = np.flatnonzero((best.counts < k) & (found.counts == wanted))
    while len(short) and wanted < groups.rows:
        wanted = min(MORE * wanted, groups.rows)
        found = search(short, wanted)
        more = _first_of_each(groups, found, k)
        best = best.replaced(short, more)
        short = short[(more.counts < k) & (found.counts == wanted)]
    return best


def _first_of_each(groups: Groups, found: Found, k: int) -> Found:
    """The first hit of each document, for each query at most k."""
    numbers = groups.numbers(found.segments, found.rows)
    keep = np.zeros(len(numbers), np.bool_)
    first = np.empty(groups.documents, np.int64)  # by document; written before it is read, for each query anew
    for begin, end in pairwise(found.offsets.tolist()):
        of_query, places = numbers[begin:end], np.arange(begin, end)
        first[of_query[::-1]] = places[::-1]  # of several hits the first is written last
        is_first = first[of_query] == places
        keep[begin:end] = is_first & (np.cumsum(is_first) <= k)
    return found.chosen(keep)
