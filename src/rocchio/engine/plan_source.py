"""Runs the steps of plans on a snapshot: searches, and feedback of every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rocchio.engine.best_passage import passage_at
from rocchio.engine.click_feedback import ClickFeedback
from rocchio.engine.feedback_places import FeedbackPlaces
from rocchio.engine.feedback_terms import Places, SearcherStatistics, gather, parts_of, relevance_models
from rocchio.engine.feedback_vectors import moved_queries
from rocchio.engine.filtering import FilterMasks
from rocchio.engine.plan_query import PlanQuery, is_vector, only_field
from rocchio.errors import InvalidArgument
from rocchio.feedback import (
    Axiomatic,
    Expansion,
    FromClicks,
    FromVectors,
    Reencode,
    Rm3,
    TermFilter,
    VectorCorocchio,
    VectorFeedback,
)
from rocchio.pipelines import Dense, Hybrid, Marks, Offline, PseudoEmbeddings, Ranked, Refine, Retrieve, Sparse, Words
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
        if isinstance(step, PseudoEmbeddings):
            return self._embeddings(step, queries, k)
        assert isinstance(step, Hybrid)
        mixed = [query.mixed(self._snapshot.schema) for query in queries]
        return self._search(mixed, k, step.options, zeros=False)

    def _text_options(self, step: Words) -> dict[str, Any]:
        # fields by name, since without a field a text is words and vectors
        schema = self._snapshot.schema
        others = dict.fromkeys(schema.vector_fields, "dense") | dict.fromkeys(schema.sparse_fields, "sparse")
        for name in (step.field,) if isinstance(step.field, str) else step.field or ():
            if name in others:
                raise InvalidArgument(
                    f"expected a text field in bm25(field=...), found the {schema.fields[name].kind} field {name!r}; "
                    f"use {others[name]}(field={name})"
                )
        if others and not schema.text_fields:
            usable = " or ".join(f"{kind}(field={name})" for name, kind in others.items())
            raise InvalidArgument(f"expected a text field for bm25, found none; use {usable}")
        return {**step.options, "field": schema.text_fields or None if step.field is None else step.options["field"]}

    def _search(self, given: Sequence[Any], k: int, options: Mapping[str, Any], *, zeros: bool) -> Ranked:
        return self._found(given, k, lambda values, asked: self._snapshot.search(values, k, **options, **asked), zeros)

    def _offline(self, given: Sequence[Any], step: Offline, k: int) -> Ranked:
        ranked = self._found(
            given, k, lambda values, asked: self._snapshot.offline.search(values, step, k, asked.get("where")), True
        )
        return replace(ranked, note=self._snapshot.offline.note)

    def _embeddings(self, step: PseudoEmbeddings, queries: Sequence[PlanQuery], k: int) -> Ranked:
        search = self._snapshot.offline.embeddings
        vectors = self.vectors(queries, search.field(step.field))

        def found(values: Any, asked: dict[str, Any]) -> Run:
            return search.search(values, step, k, asked.get("where"))

        return replace(self._found(vectors, k, found, zeros=False), note=search.note)

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
        if isinstance(where, list):
            wholes = [min(k, self._snapshot.count(each)) for each in where]
        else:
            wholes = [min(k, self._snapshot.count(where))] * len(scores)
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
            allowed = [self._allowed(number) for number in range(len(queries))]
            places, note = ClickFeedback(self._snapshot, self, step.method).places(queries, allowed)
        else:
            assert found is not None  # such steps follow a search
            places = FeedbackPlaces(self._snapshot).of(found.run, step, marks)
        usable = [number for number, each in enumerate(places) if len(each.rows)]
        refined = list(queries)
        chosen = [queries[number] for number in usable]
        last = (found.words if found is not None else None) or Words()
        given = [places[number] for number in usable]
        if isinstance(step.method, Axiomatic):
            given = [self._with_pool(step.method, places[number], number) for number in usable]
        better = self._refined(step, chosen, given, last) if usable else []
        for number, query in zip(usable, better, strict=True):
            refined[number] = query
        left = len(queries) - len(usable)
        notes = [note, f"{left} without feedback unchanged" if left else "", _unsaid(step.method, given)]
        return refined, "; ".join(filter(None, notes))

    def _allowed(self, number: int) -> FilterMasks | None:
        """The rows that the filter of a query allows, None without one."""
        where = self._options.get("where")
        return self._snapshot.allowed(where[number] if isinstance(where, list) else where)

    def _with_pool(self, method: Axiomatic, places: Places, number: int) -> Places:
        """The documents of a query and those of the method's pool, which the query's filter allows too."""
        spoken, allowed = places.without_negative(), self._allowed(number)
        return FeedbackPlaces(self._snapshot).with_pool(spoken, method.pool, method.seed, allowed)

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
        moved = moved_queries(self._snapshot, method, self.vectors(queries, name), places, name)
        return [
            query if vector is None else query.with_vector(name, vector)
            for query, vector in zip(queries, moved, strict=True)
        ]

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
        return [query.with_vector(name, text) for query, text in zip(queries, texts, strict=True)]

    def _texts(self, segment: int, row: int) -> dict[str, Any]:
        """The stored fields at a place, of the field that is split the passage."""
        document, passage = self._snapshot.fetch(segment, row), passage_at(self._snapshot, segment, row)
        return document if passage is None else {**document, passage.field: passage.text}

    def _expanded(
        self, method: Expansion, queries: Sequence[PlanQuery], places: Sequence[Places], last: Words
    ) -> list[PlanQuery]:
        statistics, accepted = self._statistics(method, last)
        known = self._weights(method.field, queries)
        if not method.uses_negative and not method.pool:
            places = [each.without_negative() for each in places]
        if method.field is not None:
            places = [FeedbackPlaces(self._snapshot).of_documents(each) for each in places]
        better: list[Mapping[str, float]] = []
        for first, end in parts_of(places, PART_DOCUMENTS):
            better += _better(method, statistics, known[first:end], places[first:end], accepted)
        if method.field is not None:
            return [
                replace(query, sparse={**query.sparse, method.field: terms})
                for query, terms in zip(queries, better, strict=True)
            ]
        return [query.with_terms(terms) for query, terms in zip(queries, better, strict=True)]

    def _weights(self, field: str | None, queries: Sequence[PlanQuery]) -> list[Mapping[str, float]]:
        """What each query weighs terms with; texts are analysed together."""
        if field is not None:
            return [query.sparse.get(field) or {} for query in queries]
        texts = self._snapshot.terms_of([query.words for query in queries if isinstance(query.words, str)])
        analysed = iter(texts)
        return [next(analysed) if isinstance(query.words, str) else query.words or {} for query in queries]

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


def _unsaid(method: Expansion | FromVectors, places: Sequence[Places]) -> str:
    """A note of the queries whose documents say nothing, because of their scores."""
    if not isinstance(method, Rm3):
        return ""
    silent = sum(not any(score > 0 for score in each.scores[: each.positive].tolist()) for each in places)
    if not silent:
        return ""
    return (
        f"{silent} unchanged, all of whose documents score 0 or less: {method.name} weighs documents by their scores, "
        "rm3_terrier can do with any"
    )


def _better(
    method: Expansion,
    statistics: SearcherStatistics,
    queries: Sequence[Mapping[str, float]],
    places: Sequence[Places],
    accepted: TermFilter,
) -> list[dict[str, float]]:
    """The better query of each; for the most used method by the kernels alone."""
    if isinstance(method, Rm3):
        models = relevance_models(statistics, places, accepted, method.terms)
        return [method.mixed(query, model) for query, model in zip(queries, models, strict=True)]
    return [method.expand(each) for each in gather(statistics, queries, places, accepted)]
