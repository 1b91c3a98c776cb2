"""The passage of a document that a query finds it by: the one with the best score, of equal ones the first.

Where documents are not split, that is the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rocchio.engine.explain import explain
from rocchio.engine.search_options import ExplainOptions
from rocchio.engine.vector_search import check_vector_options, explain_vector
from rocchio.engine.vector_view import VectorView
from rocchio.errors import InvalidArgument, NotFound
from rocchio.types import DocId, Explanation, Passage

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

Place = tuple[int, int]
"""(segment, row)."""


def explained(snapshot: Snapshot, query: Any, doc_id: DocId, options: ExplainOptions) -> tuple[Explanation, Place]:
    """Why a document has its score for a query of one part, and the place of the passage that this explains.

    Raises NotFound for a document, or a vector, that is not there.
    """
    segment, row = snapshot.locate(doc_id)
    rows: Sequence[int] = snapshot.segments[segment].rows_of(row)
    scoring, field = options.get("scoring"), options.get("field")
    name = snapshot.schema.vector_choice(field)
    if name is not None:
        check_vector_options({"scoring": scoring}, name)
        queries, present, single = snapshot.query_vectors(query, name)
        if not single:
            raise InvalidArgument(f"expected one vector to explain, found {len(queries)}; explain them one by one")
        if not present[0]:
            raise NotFound(f"expected a query with a vector, found {query!r}, of which {name!r} knows no word")
        vectors = snapshot.vector_view(name)
        why, row = _best_by_vector(vectors, queries[0], segment, rows if vectors.groups else rows[:1])
        return why, (segment, row)
    view, to_arrays = snapshot.view({"scoring": scoring, "field": field})
    batch, count = to_arrays([query]), snapshot.counted.manifest.row_count
    why, row = _best_by_terms(lambda row: explain(view, count, batch, segment, row), rows if view.groups else rows[:1])
    return why, (segment, row)


def _best_by_terms(why: Callable[[int], Explanation], rows: Sequence[int]) -> tuple[Explanation, int]:
    """The best of the rows that hold a term of the query; the first row if none does."""
    all_rows = [(why(row), row) for row in rows]
    matching = [each for each in all_rows if each[0].terms]
    return max(matching or all_rows[:1], key=_score)


def _best_by_vector(
    view: VectorView, query: npt.NDArray[np.float32], segment: int, rows: Sequence[int]
) -> tuple[Explanation, int]:
    """The best of the rows that have a vector. Raises NotFound if none has."""
    originals = view.segments[segment].originals
    with_vector = [row for row in rows if originals.is_present[row]]
    return max(((explain_vector(view, query, segment, row), row) for row in with_vector or rows[:1]), key=_score)


def _score(found: tuple[Explanation, int]) -> float:
    return found[0].score


def passage_at(snapshot: Snapshot, segment: int, row: int) -> Passage | None:
    """The passage at a place; None where documents are not split. Raises Corruption."""
    passages = snapshot.segments[segment].passages
    if passages is None:
        return None
    text = snapshot.fetch(segment, row)[passages.field] or ""
    begin, end = passages.piece(row, text)
    piece = text[begin:end]
    begin += len(piece) - len(piece.lstrip())
    return Passage(passages.field, piece.strip(), begin, begin + len(piece.strip()))


def vector_at(snapshot: Snapshot, segment: int, row: int, field: str) -> npt.NDArray[Any] | None:
    """The vector of the passage at a place, or of its document if the field has those. Raises InvalidArgument."""
    schema, opened = snapshot.schema, snapshot.segments[segment]
    names = schema.vector_fields
    if field not in names:
        raise InvalidArgument(f"expected a vector field of {', '.join(names) or 'none'}, found {field!r}")
    place = row if schema.is_by_passage(field) else opened.rows_of(row)[0]
    return opened.vectors[names.index(field)].originals.vector(place)


def document_vector(snapshot: Snapshot, doc_id: DocId, field: str) -> npt.NDArray[Any] | None:
    """The vector of a document. Raises NotFound, InvalidArgument, also for a field that has them of passages."""
    if field in snapshot.schema.vector_fields and snapshot.schema.is_by_passage(field):
        raise InvalidArgument(
            f"expected a field with one vector for each document, found {field!r} with one for each passage; "
            "hit.vector() gives that of the passage that was found"
        )
    return vector_at(snapshot, *snapshot.locate(doc_id), field)
