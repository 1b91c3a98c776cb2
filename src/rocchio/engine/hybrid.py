"""Searches the parts of a query, each in its own index, and fuses what they find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rocchio.engine.best_passage import Place, explained, passage_at, vector_at
from rocchio.engine.execution import check_threads, on_threads, parts_by_filter
from rocchio.engine.filtering import is_by_query, of_each
from rocchio.engine.latent import latent_fields
from rocchio.engine.mixed import TEXT, MixedQuery, materialised
from rocchio.engine.queries import MAX_K
from rocchio.engine.search_options import ExplainOptions, SearchOptions, as_scoring
from rocchio.errors import InvalidArgument, NotFound
from rocchio.fusion import EMPTY, Fusion, RankedList, RankedLists, ZNorm, align, as_fusion, fuse_lists, total
from rocchio.storage.schema import Schema
from rocchio.types import DocId, Explanation, Hit, ListPart, Passage, Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

DEPTH = 1000
"""Documents of each part that are fused, at least: benchmarks/results/hybrid.md compares depths."""

TEXT_SHARE = 0.4
"""Weight of the text part among others where nothing is known: the benchmark has the evidence."""

LATENT_TEXT_SHARE = 0.8
"""The same where the others are the collection's own latent semantic analysis, which is weaker than words alone."""

_TEXT_OPTIONS = ("field", "scoring", "kernel", "threads", "where")
_SPARSE_OPTIONS = ("alpha", "query_cut", "kernel", "threads", "where")
_VECTOR_OPTIONS = ("recall", "threads", "where")


@dataclass(frozen=True)
class _Part:
    """One index that takes part: `field` None means the text fields."""

    field: str | None
    options: tuple[str, ...]

    @property
    def name(self) -> str:
        return TEXT if self.field is None else self.field

    def is_by_passage(self, schema: Schema) -> bool:
        """Whether it finds passages, where a text field is split: words, or vectors of passages."""
        return self.field is None or (self.field in schema.vector_fields and schema.is_by_passage(self.field))


def search_mixed(snapshot: Snapshot, query: MixedQuery, k: int, options: SearchOptions) -> list[Hit]:
    """The best k by the fusion of what the parts of one query find."""
    single = Hybrid(snapshot, [query], k, options)
    doc_ids, scores = single.best(0, k)

    details = _MixedDetails(snapshot, single)
    return [Hit(doc_id, score, details, doc_id) for doc_id, score in zip(doc_ids, scores.tolist(), strict=True)]


@dataclass(frozen=True)
class _MixedDetails:
    """What the hits of the one query of a `Hybrid` tell; they are at their doc_ids."""

    snapshot: Snapshot
    single: Hybrid

    def fields(self, doc_id: DocId) -> dict[str, Any]:
        return self.snapshot.get(doc_id)

    def passage(self, doc_id: DocId) -> Passage | None:
        return self.single.passage(0, doc_id)

    def vector(self, doc_id: DocId, field: str) -> Any:
        return self.single.vector(0, doc_id, field)

    def explain(self, doc_id: DocId) -> Explanation:
        return self.single.explain(0, doc_id)


def search_mixed_batch(
    snapshot: Snapshot, queries: Sequence[MixedQuery], ids: list[str], k: int, options: SearchOptions
) -> Run:
    """The same for many queries.

    On one thread each part is searched for all of them before the next, so that its index stays at hand; several
    threads share the queries by filter, and fuse what they find.
    """
    where: Any = options.get("where")
    threads, by_query = options.get("threads", 1), is_by_query(where)
    check_threads(threads)
    queries = _encoded(snapshot, queries)
    parts = _parts(snapshot.schema, queries)  # of all: weights of a fusion are for these
    shares = [list(range(len(queries)))]
    if threads > 1 and queries:
        shares = parts_by_filter(where if by_query else [None] * len(queries), threads)

    def search(places: list[int]) -> tuple[Fusion, list[tuple[list[DocId], Any]]]:
        of_share: Any = {**options, "threads": 1}
        if by_query:
            of_share["where"] = [where[place] for place in places]
        found = Hybrid(snapshot, [queries[place] for place in places], k, of_share, parts)
        return found.fusion, [found.best(number, k) for number in range(len(places))]

    found = on_threads(search, shares, threads)
    doc_ids: list[Any] = [None] * len(queries)
    scores: list[Any] = [None] * len(queries)
    for places, (_, fused) in zip(shares, found, strict=True):
        for place, best in zip(places, fused, strict=True):
            doc_ids[place], scores[place] = best
    return Run(ids, doc_ids, scores, str(found[0][0]).replace(" ", ""))


def _encoded(snapshot: Snapshot, queries: Sequence[MixedQuery]) -> list[MixedQuery]:
    """The queries with vectors in place of texts that encoders make vectors of: all of a field in one call."""
    encoded = list(queries)
    for name in snapshot.schema.encoded_fields:
        asked = [number for number, query in enumerate(queries) if isinstance(query.vectors.get(name), str)]
        if not asked:
            continue
        vectors, present, _ = snapshot.query_vectors([queries[number].vectors[name] for number in asked], name)
        for number, vector, is_there in zip(asked, vectors, present.tolist(), strict=True):
            known = {**encoded[number].vectors, name: vector if is_there else None}
            encoded[number] = replace(encoded[number], vectors=known)
    return encoded


def explain_mixed(snapshot: Snapshot, query: Any, doc_id: DocId, options: ExplainOptions) -> Explanation:
    """Why a document has its score for one query. Raises NotFound, InvalidArgument."""
    if not isinstance(query, MixedQuery):
        raise InvalidArgument(f"expected one query to explain, found {len(query)}; explain them one by one")
    asked: Any = {**options, "field": materialised(options.get("field"))}
    return Hybrid(snapshot, [query], 1, asked).explain(0, doc_id)


class Hybrid:
    """Queries with what each of their parts has found. Raises InvalidArgument."""

    def __init__(
        self,
        snapshot: Snapshot,
        queries: Sequence[MixedQuery],
        k: int,
        options: SearchOptions,
        parts: Sequence[_Part] | None = None,
    ) -> None:
        """With the `parts` of other queries too, where these are some of a batch."""
        self._snapshot, self._queries, self._options = snapshot, queries, options
        self._depth = _check_depth(options.get("depth"), k)
        self._parts = _parts(snapshot.schema, queries) if parts is None else parts
        _check_options(options, self._parts, snapshot.schema)
        given = options.get("fusion")
        self.fusion = (
            default_fusion([part.field for part in self._parts], snapshot.schema) if given is None else as_fusion(given)
        )
        self.fusion.list_weights(len(self._parts))
        found = [self._search(part) for part in self._parts]
        self._lists: list[list[RankedList]] = [list(lists) for lists in zip(*found, strict=True)]

    @property
    def names(self) -> list[str]:
        """The parts, in the order of the fusion's weights: `text`, or the field."""
        return [part.name for part in self._parts]

    def aligned(self) -> list[RankedLists]:
        """What the parts have found, by query, with all doc_ids read: for those who look at them often."""
        found = [align(lists) for lists in self._lists]
        return [replace(each, doc_ids=list(each.doc_ids)) for each in found]

    def best(self, number: int, k: int) -> tuple[list[DocId], Any]:
        """The best k doc_ids of query `number` and their scores."""
        return fuse_lists(self._lists[number], self.fusion, k)

    def explain(self, number: int, doc_id: DocId) -> Explanation:
        """What each part adds to a document's score for query `number`. Raises NotFound if no part has found it."""
        aligned = align(self._lists[number])
        doc_ids = list(aligned.doc_ids)
        if doc_id not in doc_ids:
            raise NotFound(
                f"expected a document among the first {self._depth:,} of a part of the query, {doc_id!r} is not; "
                "raise depth"
            )
        place = doc_ids.index(doc_id)
        contributions = self.fusion.contributions(aligned)[:, place]
        ranks = aligned.ranks[:, place].tolist()
        lists = [
            self._explain_part(part, number, doc_id, rank, added)
            for part, rank, added in zip(self._parts, ranks, contributions.tolist(), strict=True)
        ]
        score = float(total(contributions[:, None])[0])
        return Explanation(doc_id, score, str(self.fusion), (), 0.0, 0.0, 0.0, None, tuple(lists))

    def passage(self, number: int, doc_id: DocId) -> Passage | None:
        """The passage by which a document was found: that of the part which adds most to its score for the query."""
        place = self._place(number, doc_id)
        return None if place is None else passage_at(self._snapshot, *place)

    def vector(self, number: int, doc_id: DocId, field: str) -> Any:
        """A document's vector in a field; where passages have vectors, that of the passage by which it was found."""
        place = self._place(number, doc_id)
        if place is None:
            return self._snapshot.vector(doc_id, field)
        return vector_at(self._snapshot, *place, field)

    def _place(self, number: int, doc_id: DocId) -> Place | None:
        """(segment, row) of the best passage; None if no part that searches passages has found the document."""
        schema, aligned = self._snapshot.schema, align(self._lists[number])
        column = aligned.doc_ids.index(doc_id)
        parts = [
            (-added, place, part)
            for place, (part, rank, added) in enumerate(
                zip(
                    self._parts,
                    aligned.ranks[:, column].tolist(),
                    self.fusion.contributions(aligned)[:, column].tolist(),
                    strict=True,
                )
            )
            if rank > 0 and schema.split_field is not None and part.is_by_passage(schema)
        ]
        if not parts:
            return None
        part = min(parts, key=lambda each: each[:2])[2]
        query = self._queries[number].part(part.field)
        return explained(self._snapshot, query, doc_id, self._explain_options(part))[1]

    def _explain_options(self, part: _Part) -> ExplainOptions:
        return {"field": self._field(part), "scoring": self._scoring(part)}

    def _explain_part(self, part: _Part, number: int, doc_id: DocId, rank: int, added: float) -> ListPart:
        if rank == 0:
            return ListPart(part.name, None, None, added, None)
        query = self._queries[number].part(part.field)
        why = self._snapshot.explain(query, doc_id, **self._explain_options(part))
        return ListPart(part.name, rank, why.score, added, why)

    def _search(self, part: _Part) -> list[RankedList]:
        """What a part finds for each query; nothing for queries without it."""
        given = [query.part(part.field) for query in self._queries]
        asked = [number for number, value in enumerate(given) if value is not None]
        found: list[RankedList] = [EMPTY] * len(given)
        if not asked:
            return found
        options: Any = {name: value for name, value in self._options.items() if name in part.options}
        options["field"] = self._field(part)
        where = options.get("where")
        each = is_by_query(where)
        filters = [where[number] for number in asked] if each else [where] * len(asked)
        if each:
            options["where"] = filters
        run = self._snapshot.search([given[number] for number in asked], self._depth, **options)
        doc_ids: Any = run.doc_ids  # of no plan: their places are known
        wholes = of_each(filters, self._snapshot.count) if self._knows_zeros(part) else [0] * len(asked)
        for row, number in enumerate(asked):
            scores, whole = run.scores[row], min(self._depth, wholes[row])
            documents = self._snapshot.placed(*doc_ids.places(row))
            found[number] = RankedList(documents, scores, max(0, whole - len(scores)))
        return found

    def _knows_zeros(self, part: _Part) -> bool:
        """Whether what a part does not find scores 0: true for words and tokens; a missing vector has no score."""
        if part.field is not None:
            return part.options is _SPARSE_OPTIONS
        return as_scoring(self._options.get("scoring")).absent_is_zero

    def _field(self, part: _Part) -> Any:
        if part.field is not None:
            return part.field
        # named, since without a field a text is words and vectors again
        given = self._options.get("field")
        return self._snapshot.schema.text_fields or None if given is None else given

    def _scoring(self, part: _Part) -> Any:
        return self._options.get("scoring") if part.field is None else None


def default_fusion(fields: Sequence[str | None], schema: Schema) -> Fusion:
    """The fusion of parts, named by field, None for text, that is the safest known without judgements.

    z-norm with weight 0.4 for the text and 0.6 for the others together, 0.8 and 0.2 where these are the collection's
    own latent semantic analysis; equal weights where there is no text.
    """
    if None not in fields:
        return ZNorm()
    others = {field for field in fields if field is not None}
    share = LATENT_TEXT_SHARE if others and others <= set(latent_fields(schema)) else TEXT_SHARE
    rest = round((1 - share) / max(1, len(others)), 6)  # prints as 0.2, not as 0.19999999999999996
    return ZNorm(tuple(share if field is None else rest for field in fields))


def _check_depth(depth: Any, k: int) -> int:
    """How many documents of each part are fused. Raises InvalidArgument."""
    if depth is None:
        return max(DEPTH, k)
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 1:
        raise InvalidArgument(
            f"expected depth of at least 1, found {depth!r}; leave it out for {DEPTH:,}, or k if more"
        )
    return min(depth, MAX_K)


def _check_options(options: SearchOptions, parts: Sequence[_Part], schema: Schema) -> None:
    """Raises InvalidArgument for an option that no part takes."""
    taken = {"fusion", "depth", "query_ids", "threads"}.union(*(part.options for part in parts))
    for name, value in options.items():
        if value is not None and name not in taken:
            found = ", ".join(part.name for part in parts)
            raise InvalidArgument(
                f"expected no {name} in a search of {found}, found one; no part of the query takes it"
            )
    field: Any = options.get("field")
    if schema.sparse_choice(field) is not None or schema.vector_choice(field) is not None:
        raise InvalidArgument(
            f"expected field of text fields, for the text of the query, found {field!r}; other parts name their fields"
        )


def _parts(schema: Schema, queries: Sequence[MixedQuery]) -> list[_Part]:
    """The parts that any of the queries has: text, then sparse, then vector fields in the order of the schema."""
    sparse = {name for query in queries for name in query.sparse}
    vectors = {name for query in queries for name in query.vectors}
    for kind, wanted, known in (
        ("sparse", sparse, schema.sparse_fields),
        ("vector", vectors, schema.vector_fields),
    ):
        unknown = sorted(map(str, wanted - set(known)))
        if unknown:
            raise InvalidArgument(
                f"expected {kind} fields of {', '.join(known) or 'none'} in a query, found {', '.join(unknown)}"
            )
    parts = [_Part(None, _TEXT_OPTIONS)] if any(query.text is not None for query in queries) else []
    parts += [_Part(name, _SPARSE_OPTIONS) for name in schema.sparse_fields if name in sparse]
    return parts + [_Part(name, _VECTOR_OPTIONS) for name in schema.vector_fields if name in vectors]
