"""The ranked lists of one query side by side, over all documents that any of them has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rocchio._native import union_of_documents
from rocchio.errors import InvalidArgument
from rocchio.fusion.method import Fusion, Matrix
from rocchio.types import DocId


class NumberedDocuments(Sequence[DocId]):
    """doc_ids in an index that knows documents by numbers: those of a list are compared by these, and few are read."""

    @property
    @abstractmethod
    def numbers(self) -> npt.NDArray[np.uint64]:
        """By document (n,), the same in all lists of the index, and another one for each document."""

    @abstractmethod
    def chosen(self, places: npt.NDArray[np.int64]) -> list[DocId]:
        """The doc_ids at some places."""

    @classmethod
    @abstractmethod
    def joined(cls, lists: Sequence[Any], places: npt.NDArray[np.int64]) -> Self:
        """Those at some places of lists, of this class, one after the other."""

    def __iter__(self) -> Iterator[DocId]:
        return iter(self.chosen(np.arange(len(self))))

    def __getitem__(self, index: Any) -> Any:
        chosen = self.chosen(np.arange(len(self))[index if isinstance(index, slice) else [index]])
        return chosen if isinstance(index, slice) else chosen[0]

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The place of a doc_id. Raises ValueError."""
        return list(self).index(value, start, len(self) if stop is None else stop)


@dataclass(frozen=True, eq=False)
class RankedList:
    """`doc_ids`, best first, and their `scores` (n,).

    `zeros` documents more are known to score 0, as all that BM25 does not find do: the scale of normalised scores
    takes them into account, and a document that the list lacks has score 0, not its lowest.
    """

    doc_ids: Sequence[DocId]
    scores: npt.NDArray[np.float32]
    zeros: int = 0


EMPTY = RankedList([], np.empty(0, np.float32))


@dataclass(frozen=True)
class RankedLists:
    """`doc_ids` (documents,) of the union, in no particular order.

    `places[i]` int64 (n,) says where in the union the documents of list i stand, best first, and `scores[i]` float64
    (n,) what they score there, beside `zeros[i]` others that score 0.
    """

    doc_ids: Sequence[DocId]
    places: Sequence[npt.NDArray[np.int64]]
    scores: Sequence[Matrix]
    zeros: Sequence[int]

    @property
    def counts(self) -> list[int]:
        """How many documents each list has."""
        return [len(places) for places in self.places]

    @cached_property
    def ranks(self) -> npt.NDArray[np.int64]:
        """From 1, int64 (lists, documents); 0 where a list lacks a document."""
        ranks = np.zeros((len(self.places), len(self.doc_ids)), np.int64)
        for row, held in zip(ranks, self.places, strict=True):
            row[held] = np.arange(1, len(held) + 1)
        return ranks


def align(lists: Sequence[RankedList]) -> RankedLists:
    """Lists of one query side by side. Raises InvalidArgument for a document twice in a list, for a score like NaN."""
    scores = [np.asarray(ranked.scores, np.float64) for ranked in lists]
    if not all(np.isfinite(of_list).all() for of_list in scores):
        raise InvalidArgument("expected finite scores to fuse, found one that is not")
    return RankedLists(*_union([ranked.doc_ids for ranked in lists]), scores, [ranked.zeros for ranked in lists])


def _union(lists: Sequence[Sequence[DocId]]) -> tuple[Sequence[DocId], list[npt.NDArray[np.int64]]]:
    """All documents, and where those of each list stand among them."""
    kind = type(next(filter(len, lists), None))
    if issubclass(kind, NumberedDocuments) and all(isinstance(doc_ids, kind) for doc_ids in lists if len(doc_ids)):
        numbers = [doc_ids.numbers if isinstance(doc_ids, kind) else _NONE for doc_ids in lists]
        try:
            first, places = union_of_documents(numbers)
        except ValueError as error:
            raise InvalidArgument(str(error)) from error
        return kind.joined([doc_ids for doc_ids in lists if len(doc_ids)], first), places
    number_of: dict[DocId, int] = {}
    places = []
    for doc_ids in lists:
        first, new = len(number_of), [doc_id for doc_id in doc_ids if doc_id not in number_of]
        number_of.update(zip(new, range(first, first + len(new)), strict=True))
        places.append(np.fromiter(map(number_of.__getitem__, doc_ids), np.int64, len(doc_ids)))
        if np.count_nonzero(np.bincount(places[-1])) < len(places[-1]):
            raise InvalidArgument("expected every document once in a ranked list, found one twice")
    return list(number_of), places


_NONE = np.empty(0, np.uint64)


def total(contributions: Matrix) -> npt.NDArray[np.float32]:
    """The sum over lists as float32 (documents,); the order of the lists does not matter."""
    if len(contributions) > 2:  # a sum of two is the same either way; more are added from small to large
        contributions = np.sort(contributions, axis=0)
    sums = np.zeros(contributions.shape[1])
    for row in contributions:
        sums += row
    return sums.astype(np.float32)


def fuse_lists(lists: Sequence[RankedList], fusion: Fusion, k: int) -> tuple[list[DocId], npt.NDArray[np.float32]]:
    """The best k documents of the fused lists of one query and their scores; ties are ordered by doc_id."""
    return fuse_aligned(align(lists), fusion, k)


def fuse_aligned(aligned: RankedLists, fusion: Fusion, k: int) -> tuple[list[DocId], npt.NDArray[np.float32]]:
    """The same for lists that are side by side already."""
    scores = total(fusion.contributions(aligned))
    order = _best(scores, aligned.doc_ids, k)
    return _chosen(aligned.doc_ids, order), scores[order]


def _best(scores: npt.NDArray[np.float32], doc_ids: Sequence[DocId], k: int) -> npt.NDArray[np.int64]:
    """Places of the best k, by falling score, then by doc_id."""
    order = np.arange(len(scores))
    if k < len(scores):
        order = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
    order = order[np.argsort(-scores[order], kind="stable")]
    same = scores[order[1:]] == scores[order[:-1]]
    if same.any():
        # all documents that tie with any, by doc_id and then stably by score, fill the places that they had before
        tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
        ids = _chosen(doc_ids, order[tied])
        by_id = order[tied][sorted(range(len(ids)), key=ids.__getitem__)]
        order[tied] = by_id[np.argsort(-scores[by_id], kind="stable")]
    return order[:k]


def _chosen(doc_ids: Sequence[DocId], places: npt.NDArray[np.int64]) -> list[DocId]:
    if isinstance(doc_ids, NumberedDocuments):
        return doc_ids.chosen(places)
    return [doc_ids[place] for place in places.tolist()]
