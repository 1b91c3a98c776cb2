"""The ranked lists of one query side by side, over all documents that any of them has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rocchio.errors import InvalidArgument
from rocchio.fusion.method import Fusion, Matrix
from rocchio.types import DocId


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
    (n,) what they score there, beside `zeros[i]` others that score 0. `ranks` int64 (lists, documents) count from 1,
    and are 0 where a list lacks a document.
    """

    doc_ids: Sequence[DocId]
    places: Sequence[npt.NDArray[np.int64]]
    scores: Sequence[Matrix]
    ranks: npt.NDArray[np.int64]
    zeros: Sequence[int]

    @property
    def counts(self) -> list[int]:
        """How many documents each list has."""
        return [len(places) for places in self.places]


def align(lists: Sequence[RankedList]) -> RankedLists:
    """Lists of one query side by side. Raises InvalidArgument for a document twice in a list, for a score like NaN."""
    number_of: dict[DocId, int] = {}
    places, scores = [], []
    for doc_ids, values in ((ranked.doc_ids, ranked.scores) for ranked in lists):
        first, new = len(number_of), [doc_id for doc_id in doc_ids if doc_id not in number_of]
        number_of.update(zip(new, range(first, first + len(new)), strict=True))
        if len(number_of) < first + len(new):
            raise InvalidArgument(_TWICE)
        places.append(np.fromiter(map(number_of.__getitem__, doc_ids), np.int64, len(doc_ids)))
        scores.append(np.asarray(values, np.float64))
        if not np.isfinite(scores[-1]).all():
            raise InvalidArgument("expected finite scores to fuse, found one that is not")
    ranks = np.zeros((len(lists), len(number_of)), np.int64)
    for row, held in zip(ranks, places, strict=True):
        row[held] = np.arange(1, len(held) + 1)
        if np.count_nonzero(row) < len(held):
            raise InvalidArgument(_TWICE)
    return RankedLists(list(number_of), places, scores, ranks, [ranked.zeros for ranked in lists])


_TWICE = "expected every document once in a ranked list, found one twice"


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
    return [aligned.doc_ids[place] for place in order.tolist()], scores[order]


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
        by_id = np.array(sorted(order[tied].tolist(), key=doc_ids.__getitem__))
        order[tied] = by_id[np.argsort(-scores[by_id], kind="stable")]
    return order[:k]
