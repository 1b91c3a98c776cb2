"""A committed state of a collection, pinned: what readers search. It never changes."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Unpack, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio._native import FrozenColumns, LexicalSegment, Searcher, Variant
from rocchio.analysis import Analyzer
from rocchio.engine.best_passage import document_vector, explained
from rocchio.engine.click_history import ClickHistory
from rocchio.engine.encoding import Encoders
from rocchio.engine.execution import DocIds, search_batch, search_threads
from rocchio.engine.explain import explain
from rocchio.engine.filter_report import FilterReport, filter_report
from rocchio.engine.filtered_batch import search_by_filter
from rocchio.engine.filtering import TENANT_CACHE_BYTES, FilterMasks, Filters, Where, is_by_query
from rocchio.engine.found import Found
from rocchio.engine.grouping import Groups
from rocchio.engine.hybrid import explain_mixed, search_mixed, search_mixed_batch
from rocchio.engine.latent import LatentModels
from rocchio.engine.memberships import Grants, Memberships
from rocchio.engine.mixed import Mixed, MixedQuery, as_mixed, materialised
from rocchio.engine.offline import OfflineSearch, OpenOffline
from rocchio.engine.open_segment import OpenSegment
from rocchio.engine.placed_documents import PlacedDocuments
from rocchio.engine.plan import search_plan
from rocchio.engine.queries import (
    Query,
    QueryBatch,
    Vectors,
    check_alpha,
    check_k,
    check_query_cut,
    check_unicode,
    counted_terms,
    query_ids_of,
    query_list,
    sparse_batch,
)
from rocchio.engine.query_analysis import QueryAnalysis
from rocchio.engine.query_vectors import QueryVectors, query_vectors, with_absent
from rocchio.engine.row_details import RowDetails
from rocchio.engine.search_options import (
    ExplainOptions,
    FieldChoice,
    SearchOptions,
    as_kernel,
    as_scoring,
    check_options,
)
from rocchio.engine.tenant_snapshot import TenantViews, everything, scoped
from rocchio.engine.vector_search import (
    Wanted,
    check_vector_options,
    check_wanted,
    explain_vector,
    search_vectors,
    search_vectors_threads,
)
from rocchio.engine.vector_view import VectorView
from rocchio.engine.view import View
from rocchio.errors import InvalidArgument, NotFound
from rocchio.lexical.scoring import Bm25
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import Manifest
from rocchio.storage.segment import SegmentFile, sparse_name
from rocchio.storage.tenancy import AllTenants, Tenant
from rocchio.types import DocId, Explanation, Hit, Mask, Run

TENANT_CACHES = 32
"""Of what a snapshot may keep of terms, each tenant's view may keep one in so many."""
DEFAULT_CACHE_MB = 1024
"""Memory for the columns of terms that were searched, in MiB."""


class Snapshot:
    """Search over one manifest. Any number of threads may share it."""

    def __init__(
        self,
        manifest: Manifest,
        segments: Sequence[OpenSegment],
        analyzer_for: Callable[[str], Analyzer],
        cache_mb: int = DEFAULT_CACHE_MB,
        *,
        latents: LatentModels,
        encoders: Encoders,
        offline: OpenOffline,
        clicks: ClickHistory,
        grants: Grants,
        directory: Directory,
        whole: Snapshot | None = None,
        scope: Tenant = None,
    ) -> None:
        self.manifest, self.segments, self.schema = manifest, tuple(segments), manifest.schema
        self.grants, self.directory, self.scope, self._whole = grants, directory, scope, whole
        self.latents, self.encoders, self.clicks, self.opened_offline = latents, encoders, clicks, offline
        self._analyzer_for, self._cache_bytes = analyzer_for, cache_mb << 20
        self._searchers: dict[tuple[Bm25, tuple[float, ...]], Searcher] = {}
        self._sparse_searchers: dict[str, Searcher] = {}
        self._vector_views: dict[str, VectorView] = {}
        self.filters = Filters(self.segments, self.schema)
        if whole is not None:
            self.filters = Filters(self.segments, self.schema, TENANT_CACHE_BYTES, whole.filters)
        self._views = TenantViews(self)

    # ---- tenants

    @cached_property
    def memberships(self) -> Memberships:
        """Which tenants see which documents."""
        return Memberships(self.segments, self.grants.changes)

    def for_tenant(self, tenant: str) -> Snapshot:
        """What a tenant of a multi-tenant collection sees. Raises NotFound for one that sees nothing."""
        return self if self.scope == tenant else self._views.get(self, tenant)

    @cached_property
    def everything(self) -> Snapshot:
        """All documents of a multi-tenant collection, for whoever runs it."""
        return self if isinstance(self.scope, AllTenants) else everything(self)

    def seen_as(
        self,
        tenant: str,
        manifest: Manifest,
        segments: Sequence[OpenSegment],
        offline: OpenOffline,
        clicks: ClickHistory,
    ) -> Snapshot:
        """The same, of segments as a tenant sees them."""
        shared: dict[str, Any] = {name: getattr(self, name) for name in ("latents", "encoders", "grants", "directory")}
        cache_mb = max(1, (self._cache_bytes >> 20) // TENANT_CACHES) if self._cache_bytes else 0
        own: dict[str, Any] = {"offline": offline, "clicks": clicks, "whole": self, "scope": tenant}
        return Snapshot(manifest, segments, self._analyzer_for, cache_mb, **shared, **own)

    @property
    def counted(self) -> Snapshot:
        """Whose documents statistics count: these, or all of the collection."""
        tenancy = self.schema.tenants
        is_global = self._whole is not None and tenancy is not None and tenancy.statistics == "global"
        return self._whole if self._whole is not None and is_global else self

    # ---- reading

    @cached_property
    def analyzer(self) -> Analyzer:
        """The collection's analyzer. Raises InvalidArgument when it is a function that was not given."""
        return self._analyzer_for(self.schema.analyzer)

    @cached_property
    def analysis(self) -> QueryAnalysis:
        """How queries become terms."""
        return QueryAnalysis(self.analyzer) if self._whole is None else self._whole.analysis

    def __repr__(self) -> str:
        return f"<rocchio.Snapshot {self.manifest.generation}: {len(self)} documents>"

    def __len__(self) -> int:
        """Number of documents."""
        return self.manifest.document_count

    @overload  # a str is also an iterable of str: the first signature wins
    def search(  # type: ignore[overload-overlap]
        self, query: Query, k: int | None = ..., **options: Unpack[SearchOptions]
    ) -> list[Hit]: ...
    @overload
    def search(self, query: Iterable[Query], k: int | None = ..., **options: Unpack[SearchOptions]) -> Run: ...
    @overload
    def search(self, query: Vectors, k: int | None = ..., **options: Unpack[SearchOptions]) -> list[Hit] | Run: ...

    def search(
        self, query: Query | Iterable[Query] | Vectors, k: int | None = None, **options: Unpack[SearchOptions]
    ) -> list[Hit] | Run:
        """Top k by BM25, by the dot product of weights for a sparse field, by its metric for a vector field.

        One query gives a list of hits: a text, {term: weight} with terms as indexed (for a sparse field only that), a
        vector (dim,) for a vector field, or `rocchio.query(...)` of several of these, whose answers are fused. Several,
        or an array (n, dim), give a `Run` whose query ids are `query_ids` or the positions as strings. `k` is 10 unless
        given. Fewer than k hits is a normal answer: a document without any of the terms, or without a vector, is never
        returned. Ties are in the order of doc_id. Answers are exact, unless the options, see `SearchOptions`, say
        otherwise.
        Raises InvalidArgument, NotFound, Corruption.
        """
        check_options(options)
        tenant = options.pop("tenant", None)
        if tenant is not None:
            return scoped(self, self.scope, tenant).search(query, k, **options)
        query = materialised(query)
        if is_by_query(options.get("where")):
            return search_by_filter(self, query, k, options)
        if options.get("plan") is not None:
            return search_plan(self, query, k, options)
        mixed = as_mixed(query, options, self.schema)
        if mixed is not None:
            return self._search_mixed(mixed, check_k(10 if k is None else k), options)
        field = options.get("field")
        if isinstance(field, Iterator):
            options["field"] = field = list(field)  # looked at twice
        name = self.schema.vector_choice(field)
        if name is not None:
            return self._search_vectors(query, name, check_wanted(k, options), options)
        for option in ("recall", "min_score"):
            if options.get(option) is not None:
                raise InvalidArgument(f"expected {option} only with a vector field, found another field; leave it out")
        k = check_k(10 if k is None else k)
        view, to_arrays = self.view(options)
        kernel = as_kernel(options.get("kernel", "automatic"))
        if isinstance(query, str | Mapping):
            batch = to_arrays([query])
            return self._hits(
                view.searcher,
                search_batch(view, batch, k, kernel),
                lambda segment, row: explain(view, self.counted.manifest.row_count, batch, segment, row),
                view.groups is not None,
            )
        queries = query_list(query, self.schema)
        ids = query_ids_of(options.get("query_ids"), len(queries))
        parts = search_threads(view, to_arrays(queries), k, kernel, options.get("threads", 1))
        return _run(ids, view.searcher, parts, view.scoring.replace(" ", ""))

    def _search_mixed(self, mixed: Mixed, k: int, options: SearchOptions) -> list[Hit] | Run:
        """`search` for queries of several parts."""
        options["field"] = materialised(options.get("field"))
        if isinstance(mixed, MixedQuery):
            return search_mixed(self, mixed, k, options)
        return search_mixed_batch(self, mixed, query_ids_of(options.get("query_ids"), len(mixed)), k, options)

    def _search_vectors(self, query: Any, name: str, wanted: Wanted, options: SearchOptions) -> list[Hit] | Run:
        """`search` in the vector field `name`."""
        check_vector_options(options, name)
        queries, present, single = self.query_vectors(query, name)
        view = self.vector_view(name)
        allowed = self.allowed(options.get("where"))
        if allowed is not None:
            view = view.under(allowed.masks)
        if single and not present[0]:
            return []
        if single:
            return self._hits(
                self._names,
                search_vectors(view, queries, wanted),
                lambda segment, row: explain_vector(view, queries[0], segment, row),
                view.groups is not None,
            )
        ids = query_ids_of(options.get("query_ids"), len(queries))
        is_complete = all(present.tolist())
        asked = queries if is_complete else queries[present]
        parts = search_vectors_threads(view, asked, wanted, options.get("threads", 1))
        return _run(ids, self._names, parts if is_complete else [with_absent(parts, present)], view.metric)

    def allowed(self, where: Any) -> FilterMasks | None:
        """The live rows that a filter allows; None without one. Raises InvalidArgument, Corruption."""
        return None if where is None else self.filters.masks(self.filters.predicate(where))

    def count(self, where: Where | None = None) -> int:
        """How many documents a predicate is true of; all without one. Raises InvalidArgument, Corruption."""
        allowed = self.allowed(where)
        return len(self) if allowed is None else allowed.count

    def explain_filter(self, where: Where, field: str | None = None, **wanted: Any) -> FilterReport:
        """What a filter means and how many documents it leaves, comparison by comparison; `print` shows it.

        With a vector `field`, also how a search for the best `k` to a `recall` goes under it. Raises InvalidArgument.
        """
        return filter_report(self, where, field, wanted)

    def query_vectors(self, query: Any, name: str) -> QueryVectors:
        """Queries of a vector field as float32 (n, dim), texts encoded; which have a vector; whether it is only one."""
        return query_vectors(self, query, name)

    def vector_view(self, name: str) -> VectorView:
        """A vector field: its vectors by segment, and which documents are live."""
        if name not in self._vector_views:
            number = self.schema.vector_fields.index(name)
            segments = [segment.vectors[number] for segment in self.segments]
            live = [segment.tombstones.live if segment.entry.deleted else None for segment in self.segments]
            groups = self._groups if self.schema.is_by_passage(name) else None
            self._vector_views[name] = VectorView(self.schema.fields[name].metric, segments, live, self._names, groups)
        return self._vector_views[name]

    @cached_property
    def _groups(self) -> Groups | None:
        """Which document each row belongs to; None where each row is one."""
        if self._whole is not None:
            return self._whole._groups
        if self.schema.split_field is None:
            return None
        return Groups([s.passages for s in self.segments if s.passages is not None], [s.rows for s in self.segments])

    @cached_property
    def _names(self) -> Searcher:
        """Knows the doc_ids; searches nothing."""
        if self._whole is not None:
            return self._whole._names
        segments = [segment.lexical for segment in self.segments]
        return self._impact_searcher(segments, self.schema.text_columns, [None] * len(segments))

    def placed(self, segments: npt.NDArray[np.uint32], rows: npt.NDArray[np.uint32]) -> PlacedDocuments:
        """The documents at these places."""
        return PlacedDocuments(self._names, self._groups, segments, rows)

    @cached_property
    def offline(self) -> OfflineSearch:
        """Searches by what was precomputed for feedback."""
        # which is asked by this snapshot only, and must not keep it
        return OfflineSearch(weakref.proxy(self), self.opened_offline, self._names, self._cache_bytes)

    def explain(self, query: Query | Vectors, doc_id: DocId, **options: Unpack[ExplainOptions]) -> Explanation:
        """Why `doc_id` has its score for the query. Raises NotFound for a document, or a vector, that is not there."""
        unknown = options.keys() - ExplainOptions.__annotations__.keys()
        if unknown:
            known = ", ".join(ExplainOptions.__annotations__)
            raise InvalidArgument(f"expected options of {known}, found {', '.join(sorted(unknown))}")
        tenant = options.pop("tenant", None)
        if tenant is not None:
            return scoped(self, self.scope, tenant).explain(query, doc_id, **options)
        segment, row = self.locate(doc_id)
        allowed = self.allowed(options.get("where"))
        if allowed is not None and not allowed.masks[segment][row // 8] >> row % 8 & 1:
            raise NotFound(f"expected a document that the filter allows, {doc_id!r} is none")
        mixed = as_mixed(query, options, self.schema)
        if mixed is not None:
            return explain_mixed(self, mixed, doc_id, options)
        return explained(self, query, doc_id, options)[0]

    def get(self, doc_id: DocId) -> dict[str, Any]:
        """The stored fields of a document. Raises NotFound."""
        segment, row = self.locate(doc_id)
        return self.fetch(segment, row)

    def vector(self, doc_id: DocId, field: str) -> npt.NDArray[Any] | None:
        """A document's vector (dim,) as it is stored, None if it has none. Raises NotFound, InvalidArgument."""
        return document_vector(self, doc_id, field)

    def __contains__(self, doc_id: object) -> bool:
        try:
            self.locate(doc_id)  # type: ignore[arg-type]  # it checks
        except (NotFound, InvalidArgument):
            return False
        return True

    def locate(self, doc_id: DocId) -> tuple[int, int]:
        """(segment, row) of a document, its first row if it has several. Raises NotFound, InvalidArgument."""
        if not isinstance(doc_id, str):
            raise InvalidArgument(f"expected a doc_id as a string, found {doc_id!r}")
        check_unicode(doc_id)
        wanted = pa.array([doc_id], pa.large_string())
        for index, segment in enumerate(self.segments):
            row = int(segment.find(wanted)[0])
            if row >= 0:
                return index, segment.rows_of(row)[0]
        raise NotFound(f"expected a document of the collection, found no doc_id {doc_id!r}")

    def fetch(self, segment: int, row: int) -> dict[str, Any]:
        """The stored fields at a place."""
        opened = self.segments[segment]
        return opened.documents.fetch([opened.document_of(row)], self.schema)[0]

    def terms(self, text: str) -> dict[str, float]:
        """How a text is indexed: each term with how often it occurs, in order of appearance."""
        return self.analysis.terms(text)

    def terms_of(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """`terms` of each of several texts, in one call of the analyzer."""
        return counted_terms(self.analysis.batch(texts)) if texts else []

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where a text's terms stand: (start, end, term) in characters; for highlighting."""
        return self.analysis.spans(text)

    def view(self, options: SearchOptions) -> tuple[View, Callable[[Sequence[Any]], QueryBatch]]:
        """What the options choose to search, and how queries become arrays for it. Raises InvalidArgument."""
        filtered = self.allowed(options.get("where"))
        allowed = self._seen if filtered is None else filtered.masks
        field = options.get("field")
        sparse = self.schema.sparse_choice(field)
        if sparse is None:
            for name in ("alpha", "query_cut"):
                if options.get(name) is not None:
                    raise InvalidArgument(f"expected {name} only with a sparse field, found text fields; leave it out")
            scoring = as_scoring(options.get("scoring"))
            segments = [segment.lexical for segment in self.segments]
            searcher, groups = self.searcher(scoring, field), self._groups
            return View(
                searcher, str(scoring), segments, self.schema.text_fields, allowed=allowed, groups=groups
            ), self.analysis.batch
        if options.get("scoring") is not None:
            raise InvalidArgument(
                f"expected no scoring with the sparse field {sparse!r}, found one; its weights are the scores"
            )
        number, scale = self.schema.sparse_fields.index(sparse), self.schema.fields[sparse].scale
        segments = [segment.sparse[number] for segment in self.segments]
        searcher = self.sparse_searcher(sparse)
        query_cut = check_query_cut(options.get("query_cut"))
        alpha = check_alpha(options.get("alpha", 1.0))
        view = View(searcher, f"impact(scale={scale:g})", segments, [sparse], scale, alpha, allowed)
        return view, lambda queries: sparse_batch(queries, sparse, query_cut)

    @cached_property
    def _seen(self) -> tuple[Mask, ...]:
        """Rows that may be found, by segment, where searchers know of others too; else nothing."""
        return () if self.counted is self else tuple(segment.tombstones.live for segment in self.segments)

    def sparse_searcher(self, name: str) -> Searcher:
        """The kernels' view of this snapshot for a sparse field; kept for the next query."""
        if self.counted is not self:
            return self.counted.sparse_searcher(name)
        if name not in self._sparse_searchers:
            number = self.schema.sparse_fields.index(name)
            segments = [segment.sparse[number] for segment in self.segments]
            self._sparse_searchers[name] = self._impact_searcher(segments, 1, self._frozen(sparse_name(number)))
        return self._sparse_searchers[name]

    def to_freeze(self, scoring: Bm25 | str | None, field: FieldChoice) -> tuple[str, Searcher]:
        """The file of the index that a choice of fields searches, and its searcher. Raises InvalidArgument."""
        if isinstance(field, Iterator):
            field = list(field)  # looked at twice
        sparse = self.schema.sparse_choice(field)
        if sparse is None:
            return str(SegmentFile.INDEX), self.searcher(as_scoring(scoring), field)
        if scoring is not None:
            raise InvalidArgument(f"expected no scoring with the sparse field {sparse!r}, found one; leave it out")
        return sparse_name(self.schema.sparse_fields.index(sparse)), self.sparse_searcher(sparse)

    def _frozen(self, index: str) -> list[FrozenColumns | None]:
        return [segment.frozen.get(index) for segment in self.segments]

    def _impact_searcher(
        self, segments: list[LexicalSegment], fields: int, frozen: list[FrozenColumns | None]
    ) -> Searcher:
        # lengths play no part, so neither do k1, b and delta
        weights, lengths = [1.0] * fields, np.zeros(fields, np.uint64)
        counts = self.manifest.row_count, lengths, self._cache_bytes
        return Searcher(segments, Variant.impact, 0.0, 0.0, 0.0, weights, *counts, frozen)

    def searcher(self, scoring: Bm25, field: FieldChoice) -> Searcher:
        """The kernels' view of this snapshot for a scoring and choice of fields; kept for the next query."""
        if self.counted is not self:
            return self.counted.searcher(scoring, field)
        weights = tuple(self.schema.weights(field))
        found = self._searchers.get((scoring, weights))
        if found is None:
            totals = [sum(segment.tokens[f] for segment in self.segments) for f in range(len(weights))]
            found = Searcher(
                [segment.lexical for segment in self.segments],
                scoring.native_variant,
                scoring.k1,
                scoring.b,
                scoring.delta,
                list(weights),
                self.manifest.row_count,
                np.array(totals, np.uint64),
                self._cache_bytes,
                self._frozen(SegmentFile.INDEX),
            )
            if len(self._searchers) >= 16:  # each holds a few bytes per document
                self._searchers.clear()
            self._searchers[scoring, weights] = found
        return found

    def known_searcher(self, scoring: Bm25, field: FieldChoice) -> Searcher | None:
        """The same if it is there, at once; None if it would have to be made."""
        if self.counted is not self:
            return self.counted.known_searcher(scoring, field)
        return self._searchers.get((scoring, tuple(self.schema.weights(field))))

    def share_columns(self, previous: Snapshot | None) -> None:
        """Use what `previous` has computed, if it has the same documents: a commit of clicks changes none."""
        if previous is None or len(previous.segments) != len(self.segments) or previous.schema != self.schema:
            return
        if all(old is new for old, new in zip(previous.segments, self.segments, strict=True)):
            self._searchers, self._sparse_searchers = previous._searchers, previous._sparse_searchers

    def _hits(
        self, searcher: Searcher, found: Found, why: Callable[[int, int], Explanation], by_passage: bool
    ) -> list[Hit]:
        return searcher.hits(found.segments, found.rows, found.scores, Hit, RowDetails(self, why, by_passage))


def _run(ids: list[str], searcher: Searcher, parts: Sequence[Found], name: str) -> Run:
    return Run(ids, DocIds(searcher, parts), [scores for part in parts for scores in part.scores_by_query()], name)
