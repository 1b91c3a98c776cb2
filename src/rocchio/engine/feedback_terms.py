"""Reads from a snapshot what feedback documents say, for a batch of queries in one call of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rocchio._native import Searcher
from rocchio.feedback import FeedbackTerms, TermFilter

_FORMS = {"any": (0, 0), "letters or digits": (1, 0), "no number": (1, 2), "letters": (4, 0)}
"""Required and refused forms, as bits of the kernels' TermForm."""


@dataclass(frozen=True)
class Places:
    """Documents of one query: where they are, their scores, and how many of the first speak for the query."""

    segments: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]
    scores: npt.NDArray[np.float64]
    positive: int

    def without_negative(self) -> Places:
        """Those that speak for the query."""
        end = self.positive
        return Places(self.segments[:end], self.rows[:end], self.scores[:end], end)


@dataclass(frozen=True)
class SearcherStatistics:
    """`rocchio.feedback.Collection` over the kernels' view of a snapshot."""

    searcher: Searcher
    documents: int
    tokens: float
    known: dict[str, float] = field(default_factory=dict)

    def df(self, term: str) -> int:
        return self.searcher.document_frequency(term)

    def idf(self, df: int) -> float:
        return self.searcher.idf(self.documents, df)

    def parts(
        self, df: npt.NDArray[np.uint64], frequencies: npt.NDArray[np.float64], lengths: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        return self.searcher.bm25_parts(self.documents, df, frequencies, lengths)

    def frequency(self, term: str) -> float:
        if term not in self.known:
            self.known[term] = self.searcher.collection_frequency(term)
        return self.known[term]


def gather(
    statistics: SearcherStatistics,
    queries: Sequence[Mapping[str, float]],
    places: Sequence[Places],
    accepted: TermFilter,
) -> list[FeedbackTerms]:
    """What the documents at `places` say, for each of the queries {term: weight}."""
    searcher = statistics.searcher
    offsets = np.cumsum([0, *(len(each.rows) for each in places)], dtype=np.uint64)
    segments = np.concatenate([np.empty(0, np.uint32), *(each.segments for each in places)])
    rows = np.concatenate([np.empty(0, np.uint32), *(each.rows for each in places)])
    found = searcher.feedback_terms(
        offsets,
        segments,
        rows,
        *accepted.characters,
        *_FORMS[accepted.form],
        accepted.most_documents(statistics.documents),
        accepted.per_document,
    )
    query_terms, data, term_offsets, df, query_entries, *entries = found
    text, starts = data.tobytes(), term_offsets.tolist()
    gathered = []
    ends = zip(pairwise(query_terms.tolist()), pairwise(query_entries.tolist()), queries, places, strict=True)
    for (first, last), (begin, end), query, each in ends:
        entry_terms, entry_documents, frequencies = (array[begin:end] for array in entries)
        gathered.append(
            FeedbackTerms(
                query,
                _namer(text, starts, first),
                df[first:last],
                entry_terms,
                entry_documents,
                frequencies,
                each.scores,
                each.positive,
                _measurer(searcher, each),
                statistics,
            )
        )
    return gathered


def _namer(text: bytes, starts: list[int], first: int) -> Callable[[int], str]:
    return lambda number: text[starts[first + number] : starts[first + number + 1]].decode()


def _measurer(searcher: Searcher, places: Places) -> Callable[[int], float]:
    return lambda number: searcher.boosted_length(int(places.segments[number]), int(places.rows[number]))
