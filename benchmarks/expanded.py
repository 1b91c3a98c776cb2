"""Queries of thirty weighted terms, like those that relevance feedback makes.

For each question: its own terms, then the terms of its first documents with the highest sum of tf * idf; weights fall
from 30 to 1. They depend on the collection, the questions and which documents an exact search finds, on nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from data import Query, Tokens

TERMS = 30


def document_frequencies(tokens: Tokens) -> npt.NDArray[np.int64]:
    """int64[terms]: in how many documents each term stands."""
    documents = np.repeat(np.arange(len(tokens.offsets) - 1, dtype=np.uint64), np.diff(tokens.offsets))
    pairs = np.unique((documents << np.uint64(32)) | tokens.ids)
    return np.bincount((pairs & np.uint64(0xFFFFFFFF)).astype(np.int64), minlength=len(tokens.terms))


def expanded_queries(
    questions: Sequence[Query], rows: Sequence[Sequence[int]], tokens: Tokens, df: npt.NDArray[np.int64]
) -> list[Query]:
    """One query for each question; `rows`: its first documents, best first; `df`: int64[terms]."""
    idf = np.log((len(tokens.offsets) - 1) / np.maximum(df, 1))
    known = {term: number for number, term in enumerate(tokens.terms)}
    queries = []
    for question, found in zip(questions, rows, strict=True):
        own = [term for term in question.terms if term in known]
        ids = [tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]] for row in found]
        terms, tf = np.unique(np.concatenate([*ids, np.empty(0, np.uint32)]).astype(np.int64), return_counts=True)
        order = np.lexsort((terms, -tf * idf[terms]))
        ranked = list(dict.fromkeys([*own, *(tokens.terms[terms[place]] for place in order)]))[:TERMS]
        queries.append(Query(None, {term: TERMS - place for place, term in enumerate(ranked)}))
    return queries
