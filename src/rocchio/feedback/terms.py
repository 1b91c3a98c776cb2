"""What the documents that a query has found say, term by term: what every method of lexical feedback looks at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Weights: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class TermFilter:
    """Which terms of a document a method may choose.

    `characters` least and most; `form` of "any", "letters or digits" (`[a-z0-9]+`), "no number" (the same, but not
    digits alone) or "letters" (`[a-z]+`); at most `most_share` of the collection's documents have it; of each document
    only its `per_document` most frequent terms, ties by term, 0 for all.
    """

    characters: tuple[int, int] = (0, 2**32 - 1)
    form: str = "any"
    most_share: float = 1.0
    per_document: int = 0

    def accepts(self, term: str, df: int, documents: int) -> bool:
        """Whether a term that `df` of `documents` have may be chosen; `per_document` is another matter."""
        least, most = self.characters
        return least <= len(term) <= most and bool(_FORMS[self.form](term)) and df <= self.most_documents(documents)

    def most_documents(self, documents: int) -> int:
        """How many of `documents` may have a term."""
        count = int(self.most_share * documents)
        return count + ((count + 1) / max(1, documents) <= self.most_share)  # 0.29 * 100 is a little below 29


_FORMS: dict[str, Callable[[str], object]] = {
    "any": lambda _term: True,
    "letters or digits": re.compile(r"[a-z0-9]+").fullmatch,
    "no number": re.compile(r"(?=.*[a-z])[a-z0-9]+").fullmatch,
    "letters": re.compile(r"[a-z]+").fullmatch,
}
FORMS = tuple(_FORMS)


class Collection(Protocol):
    """What the collection knows of any term, and of its documents."""

    @property
    def documents(self) -> int:
        """How many documents are live."""

    @property
    def tokens(self) -> float:
        """How many tokens they have, boosts included."""

    def df(self, term: str) -> int:
        """Documents that have the term."""

    def idf(self, df: int) -> float:
        """What the first pass makes of so many documents."""

    def parts(self, df: npt.NDArray[np.uint64], frequencies: Floats, lengths: Floats) -> Floats:
        """What the first pass makes of terms in documents: idf times the tf part."""

    def frequency(self, term: str) -> float:
        """How often the term stands in all documents, boosts included."""


@dataclass(frozen=True, eq=False)
class FeedbackTerms:
    """The feedback of one query.

    `query` is {term: weight}. Accepted terms are numbered in their bytewise order, `term(number)` names one; `df`
    (terms,) are live documents of the collection. Entry i says that term `entry_terms[i]` stands
    `frequencies[i]` times, boosts included, in document `entry_documents[i]`; entries are ordered by term, then by
    doc_id: sums over them do not depend on the order of documents. `scores` (documents,) are those of the documents;
    the first `positive` of them speak for a term, the others against it. `length(i)` is that of document i in tokens.
    """

    query: Mapping[str, float]
    term: Callable[[int], str]
    df: npt.NDArray[np.uint64]
    entry_terms: npt.NDArray[np.uint32]
    entry_documents: npt.NDArray[np.uint32]
    frequencies: Floats
    scores: Floats
    positive: int
    length: Callable[[int], float]
    collection: Collection

    @cached_property
    def lengths(self) -> Floats:
        """By document: tokens, boosts included."""
        return np.array([self.length(number) for number in range(len(self.scores))])

    def by_term(self, values: Floats) -> Floats:
        """Sums of one value for each entry, float64 (terms,)."""
        return np.bincount(self.entry_terms, values, len(self.df)).astype(np.float64, copy=False)

    def by_document(self, values: Floats) -> Floats:
        """Sums of one value for each entry, float64 (documents,)."""
        return np.bincount(self.entry_documents, values, len(self.scores)).astype(np.float64, copy=False)

    @property
    def tokens(self) -> float:
        """Of all documents together, boosts included; does not depend on their order."""
        return float(np.sort(self.lengths).sum())

    def in_documents(self) -> npt.NDArray[np.int64]:
        """By term: how many of the feedback documents have it."""
        return np.bincount(self.entry_terms, minlength=len(self.df))

    def heaviest(self, weights: Floats, count: int) -> list[int]:
        """Numbers of the `count` terms of the largest weight above 0, ties by term."""
        order = np.argsort(-weights, kind="stable")[:count]
        return [number for number in order.tolist() if weights[number] > 0]

    def named(self, numbers: Sequence[int], weights: Floats) -> Weights:
        """{term: weight} of some terms."""
        return {self.term(number): float(weights[number]) for number in numbers}
