"""Reads from a snapshot what feedback documents say, for a batch of queries in one call of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, islice, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio._native import Searcher
from rocchio.errors import Corruption
from rocchio.feedback import FeedbackTerms, TermFilter
from rocchio.feedback.rm3 import LEAST_NORM
from rocchio.feedback.terms import Weights

_FORMS = {"any": (0, 0), "letters or digits": (1, 0), "no number": (1, 2), "letters": (4, 0)}
"""Required and refused forms, as bits of the kernels' TermForm."""


class Places(NamedTuple):
    """Documents of one query: where they are, their scores, and how many of the first speak for the query."""

    segments: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]
    scores: npt.NDArray[np.float64]
    positive: int

    def without_negative(self) -> Places:
        """Those that speak for the query."""
        end = self.positive
        if end == len(self.rows):
            return self
        return Places(self.segments[:end], self.rows[:end], self.scores[:end], end)


@dataclass(frozen=True)
class SearcherStatistics:
    """`rocchio.feedback.Collection` over the kernels' view of a snapshot, whose frequencies are `scale` times the true
    ones. `count_tokens` is called when the first method asks.
    """

    searcher: Searcher
    documents: int
    count_tokens: Callable[[], float]
    scale: float = 1.0
    known: dict[str, float] = field(default_factory=dict)

    @cached_property
    def tokens(self) -> float:
        return self.count_tokens()

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
            self.known[term] = self.searcher.collection_frequency(term) / self.scale
        return self.known[term]


def gather(
    statistics: SearcherStatistics,
    queries: Sequence[Mapping[str, float]],
    places: Sequence[Places],
    accepted: TermFilter,
) -> list[FeedbackTerms]:
    """What the documents at `places` say, for each of the queries {term: weight}."""
    found = statistics.searcher.feedback_terms(*_documents(places), *_settings(accepted, statistics))
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
                frequencies / statistics.scale,
                each.scores,
                each.positive,
                _measurer(statistics, each),
                statistics,
            )
        )
    return gathered


def relevance_models(
    statistics: SearcherStatistics, places: Sequence[Places], accepted: TermFilter, terms: int
) -> list[Weights]:
    """The relevance model of RM3 of the documents of each query, its heaviest `terms`: `Rm3.model` of what `gather`
    reads, bit for bit, but only the terms that are chosen become strings.
    """
    scores = np.concatenate([np.empty(0), *(each.scores for each in places)])
    arrays = *_documents(places), scores
    settings = *_settings(accepted, statistics), statistics.scale, LEAST_NORM, terms
    query_terms, data, offsets, weights = statistics.searcher.relevance_models(*arrays, *settings)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    try:
        names = pa.Array.from_buffers(pa.large_string(), len(weights), buffers).to_pylist()
    except UnicodeDecodeError as error:
        raise _not_unicode() from error
    named = zip(names, weights.tolist(), strict=True)
    return [dict(islice(named, end - begin)) for begin, end in pairwise(query_terms.tolist())]


def parts_of(places: Sequence[Places], documents: int) -> Iterator[tuple[int, int]]:
    """Consecutive queries [first, last) of at most so many documents, or of a single query."""
    first = seen = 0
    for number, each in enumerate(places):
        seen += len(each.rows)
        if seen > documents and number > first:
            yield first, number
            first, seen = number, len(each.rows)
    if places:
        yield first, len(places)


def _documents(places: Sequence[Places]) -> tuple[Any, ...]:
    """(offsets, segments, rows) of the documents of all queries."""
    return (
        np.array(list(accumulate((len(each.rows) for each in places), initial=0)), np.uint64),
        np.concatenate([np.empty(0, np.uint32), *(each.segments for each in places)]),
        np.concatenate([np.empty(0, np.uint32), *(each.rows for each in places)]),
    )


def _settings(accepted: TermFilter, statistics: SearcherStatistics) -> tuple[int, ...]:
    """A filter as the kernels take it."""
    most = accepted.most_documents(statistics.documents)
    return *accepted.characters, *_FORMS[accepted.form], most, accepted.per_document


def _namer(text: bytes, starts: list[int], first: int) -> Callable[[int], str]:
    def term(number: int) -> str:
        try:
            return text[starts[first + number] : starts[first + number + 1]].decode()
        except UnicodeDecodeError as error:
            raise _not_unicode() from error

    return term


def _not_unicode() -> Corruption:
    return Corruption("index.arrays", None, "a term is not UTF-8")


def _measurer(statistics: SearcherStatistics, places: Places) -> Callable[[int], float]:
    length, scale = statistics.searcher.boosted_length, statistics.scale
    return lambda number: length(int(places.segments[number]), int(places.rows[number])) / scale
