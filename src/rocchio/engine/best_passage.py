"""The passage of a document that a query finds it by: the one with the best score, of equal ones the first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rocchio.engine.open_segment import OpenSegment
from rocchio.engine.vector_search import VectorView, explain_vector
from rocchio.storage.schema import Schema
from rocchio.types import Explanation, Passage

Explained = tuple[Explanation, int]
"""Why a row has its score, and the row."""


def best_by_terms(why: Callable[[int], Explanation], rows: range) -> Explained:
    """The best of the rows that hold a term of the query; the first row if none does."""
    explained = [(why(row), row) for row in rows]
    matching = [each for each in explained if each[0].terms]
    return max(matching or explained[:1], key=_score)


def best_by_vector(view: VectorView, query: npt.NDArray[np.float32], segment: int, rows: range) -> Explained:
    """The best of the rows that have a vector. Raises NotFound if none has."""
    originals = view.segments[segment].originals
    with_vector = [row for row in rows if originals.is_present[row]]
    return max(((explain_vector(view, query, segment, row), row) for row in with_vector or rows[:1]), key=_score)


def _score(explained: Explained) -> float:
    return explained[0].score


def passage_of(segment: OpenSegment, row: int, schema: Schema) -> Passage | None:
    """The passage that a row is; None if it is a whole document. Raises Corruption."""
    passages = segment.passages
    if passages is None:
        return None
    (document,) = segment.documents.fetch([passages.document_of(row)], schema)
    text = document[passages.field] or ""
    begin, end = passages.piece(row, text)
    piece = text[begin:end]
    begin += len(piece) - len(piece.lstrip())
    return Passage(passages.field, piece.strip(), begin, begin + len(piece.strip()))
