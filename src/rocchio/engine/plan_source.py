"""Runs the steps of plans on a snapshot: searches, and feedback of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rocchio.engine.best_passage import passage_at, vector_at
from rocchio.engine.click_feedback import ClickFeedback
from rocchio.engine.feedback_places import FeedbackPlaces
from rocchio.engine.feedback_terms import Places, SearcherStatistics, gather
from rocchio.engine.plan_query import PlanQuery, is_vector, only_field, unit
from rocchio.errors import InvalidArgument
from rocchio.feedback import (
    Axiomatic,
    Expansion,
    FromClicks,
    FromVectors,
    Reencode,
    TermFilter,
    VectorCorocchio,
    VectorFeedback,
)
from rocchio.pipelines import Dense, Hybrid, Marks, Offline, Ranked, Refine, Retrieve, Sparse, Words
from rocchio.types import Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

_EMPTY = np.empty(0, np.float32)
PART_DOCUMENTS = 50_000
"""Feedback documents that are looked at together: their terms take memory."""


class PlanSource:
    """One snapshot, the names of the queries, and options that all searches of a plan take: threads, filters."""

    def __init__(self, snapshot: Snapshot, query_ids: Sequence[str], options: Mapping[str, Any]) -> None:
        self._snapshot, self._query_ids, self._options = snapshot, list(query_ids), dict(options)
        self._encoded: dict[tuple[str, str], np.ndarray | None] = {}

    # ---- searching

    def retrieve(self, step: Retrieve, queries: Sequence[PlanQuery], k: int) -> Ranked:
        """The best k of each query by one index; none for queries without the part that it takes."""
        if isinstance(step, Words):
            words = [query.words for query in queries]
            return self._search(words, k, self._text_options(step), zeros=step.scoring.absent_is_zero)
        if isinstance(step, Sparse):
            name = only_field("sparse", self._snapshot.schema.sparse_fields, step.field)
            weights = [query.sparse.get(name) for query in queries]
            return self._search(weights, k, {**step.options, "field": name}, zeros=True)
        if isinstance(step, Dense):
            name = self.vector_field(step.field)
            vectors = self.vectors(queries, name)
            return self._search(vectors, k, {**step.options, "field": name}, zeros=False)
        if isinstance(step, Offline):
            return self._offline([query.words for query in queries], step, k)
        assert isinstance(step, Hybrid)
        mixed = [query.mixed(self._snapshot.schema) for query in queries]
        return self._search(mixed, k, step.options, zeros=False)

    def _text_options(self, step: Words) -> dict[str, Any]:
        # fields by name, since without a field a text is words and vectors
        return {**step.options, "field": step.options["field"] or self._snapshot.schema.text_fields or None}

    def _search(self, given: Sequence[Any], k: int, options: Mapping[str, Any], *, zeros: bool) -> Ranked:
        return self._found(given, k, lambda values, asked: self._snapshot.search(values, k, **options, **asked), zeros)

    def _offline(self, given: Sequence[Any], step: Offline, k: int) -> Ranked:
        ranked = self._found(
            given, k, lambda values, asked: self._snapshot.offline.search(values, step, k, asked.get("where")), True
        )
        return replace(ranked, note=self._snapshot.offline.note)

    def _found(self, given: Sequence[Any], k: int, search: Callable[[Any, dict[str, Any]], Run], zeros: bool) -> Ranked:
        """What a search finds for each query that it can be given."""
        asked = [number for number, value in enumerate(given) if value is not None]
        ids: Any = [[] for _ in given]
        scores = [_EMPTY] * len(given)
        if asked:
            values = self._alike([given[number] for number in asked])
            found = search(values, self._options_of(asked))
            if len(asked) == len(given):
                ids, scores = found.doc_ids, list(found.scores)
            else:
                for row, number in enumerate(asked):
                    ids[number], scores[number] = found.doc_ids[row], found.scores[row]
        run = Run(self._query_ids, ids, scores, "plan")
        return Ranked(run, self._zeros(scores, k) if zeros else (0,) * len(scores))

    def _zeros(self, scores: Sequence[Any], k: int) -> tuple[int, ...]:
        """How many documents that were not found would still be among the first k, with a score of 0."""
        where = self._options.get("where")
        by_query = where if isinstance(where, list) else [where] * len(scores)
        wholes = [min(k, self._snapshot.count(each)) for each in by_query]
        pairs = zip(scores, wholes, strict=True)
        return tuple(max(0, whole - len(each)) if each is not _EMPTY else 0 for each, whole in pairs)

    def _options_of(self, asked: Sequence[int]) -> dict[str, Any]:
        """The options for some of the queries: each may have a filter of its own."""
        where = self._options.get("where")
        if not isinstance(where, list):
            return self._options
        return {**self._options, "where": [where[number] for number in asked]}

    def _alike(self, given: list[Any]) -> Any:
        """Queries of one kind: vectors as an array, texts as terms where others have weights already."""
        if is_vector(given[0]) and isinstance(given[0], np.ndarray):
            return np.stack(given)
        kinds = {isinstance(value, str) for value in given}
        if len(kinds) == 2:
            return [self._snapshot.terms(value) if isinstance(value, str) else value for value in given]
        return given

    def vector_field(self, name: str | None) -> str:
        """The vector field that a step names, or the only one. Raises InvalidArgument."""
        return only_field("vector", self._snapshot.schema.vector_fields, name)

    def vectors(self, queries: Sequence[PlanQuery], name: str) -> list[np.ndarray | None]:
        """The vector (dim,) float32 of each query in a field, None where it has none. Texts are encoded, once."""
        field = self._snapshot.schema.fields[name]
        parts = [query.vectors.get(name, query.text if field.encoder else None) for query in queries]
        texts = list(dict.fromkeys(part for part in parts if isinstance(part, str)))
        new = [text for text in texts if (name, text) not in self._encoded]
        if new:
            matrix, present, _ = self._snapshot.query_vectors(new, name)
            for text, vector, there in zip(new, matrix, present.tolist(), strict=True):
                self._encoded[name, text] = vector if there else None
        found = [self._encoded[name, part] if isinstance(part, str) else part for part in parts]
        if queries and not texts and not any(name in query.vectors for query in queries):
            reason = "weights of words cannot be encoded" if field.encoder else "it has no encoder"
            raise InvalidArgument(f"expected queries with a vector for the field {name!r}, found none; {reason}")
        return [None if vector is None else np.asarray(vector, np.float32) for vector in found]

    # ---- refining

    def refine(
        self, step: Refine, queries: Sequence[PlanQuery], found: Ranked | None, marks: Sequence[Marks] | None
    ) -> tuple[list[PlanQuery], str]:
        """Better queries; those for which nothing was found stay as they are, and the note counts them."""
        self._check_field(step.method)
        note = ""
        if isinstance(step.method, FromClicks):
            places, note = ClickFeedback(self._snapshot, self, step.method).places(queries)
        else:
            assert found is not None  # such steps follow a search
            places = FeedbackPlaces(self._snapshot).of(found.run, step, marks)
        usable = [number for number, each in enumerate(places) if len(each.rows)]
        refined = list(queries)
        chosen = [queries[number] for number in usable]
        last = (found.words if found is not None else None) or Words()
        better = self._refined(step, chosen, [places[number] for number in usable], last) if usable else []
        for number, query in zip(usable, better, strict=True):
            refined[number] = query
        left = len(queries) - len(usable)
        notes = [note, f"{left} without feedback unchanged" if left else ""]
        return refined, "; ".join(filter(None, notes))

    def _check_field(self, method: Expansion | FromVectors) -> None:
        """Raises InvalidArgument for a field that is not there, whatever was found."""
        schema = self._snapshot.schema
        if isinstance(method, FromVectors):
            self.vector_field(method.field)
        elif method.field is not None:
            only_field("sparse", schema.sparse_fields, method.field)
        elif not schema.text_fields:
            raise InvalidArgument(f"expected a text field for {method.name}, found none; name a sparse field")

    def _refined(
        self, step: Refine, queries: Sequence[PlanQuery], places: Sequence[Places], last: Words
    ) -> list[PlanQuery]:
        method = step.method
        if isinstance(method, Expansion):
            return self._expanded(method, queries, places, last)
        assert isinstance(method, FromVectors)
        name = self.vector_field(method.field)
        if isinstance(method, Reencode):
            return self._reencoded(name, queries, places)
        assert isinstance(method, VectorFeedback | VectorCorocchio)
        is_cosine = self._snapshot.schema.fields[name].metric == "cosine"
        refined = []
        for query, vector, each in zip(queries, self.vectors(queries, name), places, strict=True):
            if vector is None:
                refined.append(query)
                continue
            before, against, weights = self._document_vectors(each, name)
            if is_cosine:  # lengths mean nothing there
                vector, before, against = unit(vector), unit(before), unit(against)  # noqa: PLW2901
            if isinstance(method, VectorCorocchio):
                moved = method.move_by(vector, before, weights)
            else:
                moved = method.move(vector, before, against)
            refined.append(replace(query, vectors={**query.vectors, name: moved if moved.any() else vector}))
        return refined

    def _document_vectors(self, places: Places, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Vectors (n, dim) of the documents for and against that have one, and the scores (n,) of those for."""
        kept: tuple[list[Any], list[Any]] = ([], [])
        scores = []
        for place, (segment, row) in enumerate(zip(places.segments.tolist(), places.rows.tolist(), strict=True)):
            vector = vector_at(self._snapshot, segment, row, name)
            if vector is not None:
                kept[place >= places.positive].append(vector.astype(np.float32))
                scores += [places.scores[place]] if place < places.positive else []
        dim = self._snapshot.schema.fields[name].dim
        both = [np.stack(side) if side else np.empty((0, dim), np.float32) for side in kept]
        return both[0], both[1], np.array(scores, np.float64)

    def _reencoded(self, name: str, queries: Sequence[PlanQuery], places: Sequence[Places]) -> list[PlanQuery]:
        field = self._snapshot.schema.fields[name]
        if not field.encoder or any(query.text is None for query in queries):
            raise InvalidArgument(f"expected texts and an encoder of the field {name!r} to encode anew, found none")
        sources = field.source or tuple(self._snapshot.schema.text_fields)
        texts = []
        for query, each in zip(queries, places, strict=True):
            fetched = [
                self._texts(segment, row)
                for segment, row in zip(each.segments.tolist(), each.rows.tolist(), strict=True)
            ][: each.positive]
            parts = [str(document[source]) for document in fetched for source in sources if document.get(source)]
            texts.append(" ".join([query.text or "", *parts]))
        return [
            replace(query, vectors={**query.vectors, name: text}) for query, text in zip(queries, texts, strict=True)
        ]

    def _texts(self, segment: int, row: int) -> dict[str, Any]:
        """The stored fields at a place, of the field that is split the passage."""
        document, passage = self._snapshot.fetch(segment, row), passage_at(self._snapshot, segment, row)
        return document if passage is None else {**document, passage.field: passage.text}

    def _expanded(
        self, method: Expansion, queries: Sequence[PlanQuery], places: Sequence[Places], last: Words
    ) -> list[PlanQuery]:
        statistics, accepted = self._statistics(method, last)
        known = [self._weights(method.field, query) for query in queries]
        if not method.uses_negative:
            places = [each.without_negative() for each in places]
        if isinstance(method, Axiomatic):
            places = [FeedbackPlaces(self._snapshot).with_pool(each, method.pool, method.seed) for each in places]
        if method.field is not None:
            places = [FeedbackPlaces(self._snapshot).of_documents(each) for each in places]
        better = [
            method.expand(each)
            for first, last in _parts(places)
            for each in gather(statistics, known[first:last], places[first:last], accepted)
        ]
        if method.field is not None:
            return [
                replace(query, sparse={**query.sparse, method.field: terms})
                for query, terms in zip(queries, better, strict=True)
            ]
        return [replace(query, terms=terms) for query, terms in zip(queries, better, strict=True)]

    def _weights(self, field: str | None, query: PlanQuery) -> Mapping[str, float]:
        if field is not None:
            return query.sparse.get(field) or {}
        words = query.words
        return self._snapshot.terms(words) if isinstance(words, str) else words or {}

    def _statistics(self, method: Expansion, last: Words) -> tuple[SearcherStatistics, TermFilter]:
        """The searcher whose documents are read, with the idf and boosts of the last lexical search, and which of their
        terms count.
        """
        snapshot = self._snapshot
        if method.field is not None:
            name = method.field
            # tokens of a model are no words: how they are written says nothing
            accepted = TermFilter(most_share=method.filter.most_share, per_document=method.filter.per_document)
            searcher, scale = snapshot.sparse_searcher(name), snapshot.schema.fields[name].scale
            return SearcherStatistics(searcher, len(snapshot.counted), lambda: self._weight(name), scale), accepted
        searcher = snapshot.searcher(last.scoring, self._text_options(last)["field"])
        rows = snapshot.counted.manifest.row_count  # passages where a field is split
        return SearcherStatistics(searcher, rows, lambda: searcher.average_length * rows), method.filter

    def _weight(self, sparse: str) -> float:
        """All weights of a sparse field in live documents together."""
        number = self._snapshot.schema.sparse_fields.index(sparse)
        total = 0
        for segment in self._snapshot.counted.segments:
            lengths = segment.sparse[number].lengths(0)
            total += int(lengths[~segment.tombstones.is_deleted].sum(dtype=np.uint64))
        return total / self._snapshot.schema.fields[sparse].scale


def _parts(places: Sequence[Places]) -> Iterator[tuple[int, int]]:
    """Consecutive queries [first, last) of at most PART_DOCUMENTS documents, or of a single query."""
    first = documents = 0
    for number, each in enumerate(places):
        documents += len(each.rows)
        if documents > PART_DOCUMENTS and number > first:
            yield first, number
            first, documents = number, len(each.rows)
    if places:
        yield first, len(places)
