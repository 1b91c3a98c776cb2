"""What reads a collection: searches, plans, explanations, documents, measurements. Each asks the last commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack, overload

import numpy as np
import numpy.typing as npt

from rocchio.engine.clusters import Clusters, clusters
from rocchio.engine.document_map import MOST_DOCUMENTS, DocumentMap, draw_map
from rocchio.engine.experiment import run_experiment
from rocchio.engine.facets import Facets, count_facets
from rocchio.engine.filter_report import FilterReport
from rocchio.engine.filtering import Where
from rocchio.engine.info import CollectionInfo, describe
from rocchio.engine.knn_graph import KnnGraph, knn_graph
from rocchio.engine.listing import documents
from rocchio.engine.mixed import MixedQuery
from rocchio.engine.plan import Plan
from rocchio.engine.queries import Query, Vectors
from rocchio.engine.range_search import Neighbours, range_search
from rocchio.engine.recall import ALPHAS, QUERY_CUTS, RecallReport, recall_report
from rocchio.engine.search_options import ExplainOptions, SearchOptions
from rocchio.engine.snapshot import Snapshot
from rocchio.engine.tenant_snapshot import scoped
from rocchio.engine.tuning import TuneOptions, tune_collection
from rocchio.engine.vector_memory import MemoryInfo, VectorMemory
from rocchio.engine.verify import VerifyReport, verify
from rocchio.errors import InvalidArgument
from rocchio.evaluation.experiment import Experiment
from rocchio.pipelines import Step, as_step
from rocchio.pipelines.retrieve import words
from rocchio.storage.directory import Directory
from rocchio.storage.schema import Schema
from rocchio.storage.tenancy import Tenant
from rocchio.tuning import TuningReport
from rocchio.types import DocId, Explanation, Hit, Qrels, QueryId, Run


class Reading:
    """The part of a `Collection` that changes nothing. Any number of threads may share it."""

    _snapshot: Snapshot
    _directory: Directory
    _tenant: Tenant
    _vector_memory: VectorMemory | None
    path: Path

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
        """Top k of the last commit; see `Snapshot.search`."""
        return self.snapshot(options.pop("tenant", None)).search(query, k, **options)

    def bm25(self, k1: float = 0.9, b: float = 0.4, variant: str = "lucene", delta: float = 0.5) -> Plan:
        """A plan of one step, to search or to compose: `(col.bm25() >> rocchio.rm3() >> col.bm25()).search("...")`."""
        return self.plan(words(k1, b, variant, delta))

    def plan(self, plan: Step | str) -> Plan:
        """A plan of steps or from its text form, bound to this collection. Raises InvalidArgument."""
        return Plan(self.snapshot, as_step(plan))

    def count(self, where: Where | None = None, *, tenant: Tenant = None) -> int:
        """How many committed documents a predicate is true of; all without one. Raises InvalidArgument."""
        return self.snapshot(tenant).count(where)

    def facets(
        self,
        fields: Sequence[str] | None = None,
        *,
        where: Where | None = None,
        among: Iterable[DocId] | None = None,
        values: int = 10,
    ) -> Facets:
        """How many documents have which values of keyword, number, date and bool fields, of all or of these `fields`.

        Counts those that `where` is true of and that are `among` these doc_ids, of a search for example. Of a field
        come the most frequent `values`, or, for many numbers and for dates, up to twelve ranges. Raises
        InvalidArgument.
        """
        return count_facets(self.snapshot(), fields, where, among, values)

    def explain_filter(self, where: Where, field: str | None = None, **wanted: Any) -> FilterReport:
        """What a filter means, how much it leaves, how a vector field is searched; see `Snapshot.explain_filter`."""
        return self.snapshot(wanted.pop("tenant", None)).explain_filter(where, field, **wanted)

    def explain(self, query: Query | Vectors, doc_id: DocId, **options: Unpack[ExplainOptions]) -> Explanation:
        """Why a document has its score for a query, term by term or part by part. Raises NotFound."""
        return self.snapshot(options.pop("tenant", None)).explain(query, doc_id, **options)

    def get(self, doc_id: DocId, *, tenant: Tenant = None) -> dict[str, Any]:
        """The stored fields of a document, without its vectors. Raises NotFound."""
        return self.snapshot(tenant).get(doc_id)

    def documents(self, where: Where | None = None, *, tenant: Tenant = None) -> Iterator[tuple[DocId, dict[str, Any]]]:
        """(doc_id, stored fields) of all committed documents, or of those that a predicate is true of, as stored.

        What is committed meanwhile does not show. Raises InvalidArgument.
        """
        return documents(self.snapshot(tenant), where)

    def vector(self, doc_id: DocId, field: str, *, tenant: Tenant = None) -> npt.NDArray[Any] | None:
        """A document's vector (dim,) in a vector field, as it is stored; None if it has none. Raises NotFound."""
        return self.snapshot(tenant).vector(doc_id, field)

    def terms(self, text: str) -> dict[str, float]:
        """How a text is indexed and searched: term -> how often it occurs."""
        return self._snapshot.terms(text)

    def snapshot(self, tenant: Tenant = None) -> Snapshot:
        """The last commit as this handle knows it, pinned: later commits do not change it.

        Of a multi-tenant collection it is what the handle's tenant sees, or the `tenant` that is given. Raises
        InvalidArgument without either, NotFound for a tenant that sees nothing.
        """
        return scoped(self._snapshot, self._tenant, tenant)

    def tenants(self) -> dict[str, int]:
        """The tenants that see documents of the last commit, by name, with how many they see.

        Raises InvalidArgument.
        """
        self._need_tenants("tenants")
        return self._snapshot.memberships.counts()

    def __len__(self) -> int:
        """Number of committed documents."""
        return len(self.snapshot())

    def __contains__(self, doc_id: object) -> bool:
        return doc_id in self.snapshot()

    @property
    def schema(self) -> Schema:
        """Fields and analyzer."""
        return self._snapshot.schema

    def _need_all(self, action: str) -> None:
        """Raises InvalidArgument in a handle of one tenant: what concerns all documents is not for it."""
        if isinstance(self._tenant, str):
            raise InvalidArgument(
                f"expected a handle of the whole collection for {action}, found one of the tenant {self._tenant!r}; "
                "open it without a tenant"
            )

    def _need_tenants(self, action: str) -> None:
        """Raises InvalidArgument in a collection without tenants, or in a handle of one."""
        self._need_all(action)
        if self._snapshot.schema.tenants is None:
            raise InvalidArgument(
                f"expected a multi-tenant collection for {action}, found one without tenants; declare them when it is "
                "created: rocchio.create(..., tenants=rocchio.tenants())"
            )

    def recall_report(
        self,
        queries: Iterable[Mapping[str, float]],
        field: str,
        k: int = 10,
        *,
        alphas: Sequence[float] = ALPHAS,
        query_cuts: Sequence[int | None] = QUERY_CUTS,
        progress: Callable[[int, int], None] | None = None,
    ) -> RecallReport:
        """What each combination of `alpha` and `query_cut` finds of the exact top k of a sparse field, and how fast.

        `print(col.recall_report(queries, "splade"))` shows a table. Raises InvalidArgument.
        """
        return recall_report(self.snapshot(), queries, field, k, alphas, query_cuts, progress)

    def tune(
        self,
        queries: Mapping[QueryId, MixedQuery | str],
        qrels: Qrels,
        measure: str = "nDCG@10",
        **options: Unpack[TuneOptions],
    ) -> TuningReport:
        """The fusion and BM25 that suit judged queries {query_id: rocchio.query(...)}, or texts, by cross-validation.

        `print(col.tune(queries, qrels))` shows what they gain over the best part alone, and whether that is chance.
        See `TuneOptions`. Raises InvalidArgument.
        """
        return tune_collection(self.snapshot(), queries, qrels, measure, **options)

    def experiment(
        self,
        plans: Mapping[str, Plan | Step | str] | Sequence[Plan | Step | str],
        queries: Mapping[QueryId, Any],
        qrels: Qrels,
        **options: Any,
    ) -> Experiment:
        """Plans side by side on judged queries, the first as baseline: `print(col.experiment(plans, queries, qrels))`.

        `plans` by name, or in a list; what they share is run once. Options: `measures` ("AP nDCG@10 R@100"), `depth`
        (1,000), `feedback_quality` (also runs plans with strong, moderate and weak feedback drawn from the judgements),
        `threads`, `progress`, told (runs done, runs). Raises InvalidArgument.
        """
        return run_experiment(self.snapshot(), plans, queries, qrels, **options)

    def info(self) -> CollectionInfo:
        """Counts, sizes and settings of the last commit."""
        self._need_all("info")
        return replace(describe(self._snapshot, str(self.path)), memory=self.memory())

    def memory(self) -> MemoryInfo | None:
        """How the `memory_limit` of this handle is divided, and what reading took so far; None without a limit."""
        self._need_all("memory")
        return None if self._vector_memory is None else self._vector_memory.info()

    def verify(self, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
        """Read every byte of the last commit and check it; `progress` is told (segments done, segments)."""
        self._need_all("verify")
        return verify(self._directory, progress or (lambda _done, _total: None))

    def range_search(
        self,
        field: str,
        query: Any,
        radius: float | Sequence[float] | npt.NDArray[np.floating[Any]],
        *,
        inner: float | Sequence[float] | npt.NDArray[np.floating[Any]] = 0.0,
        where: Where | None = None,
        threads: int = 1,
    ) -> Neighbours:
        """All documents at a distance of at least `inner` and less than `radius` of each query, exactly.

        Distances are 1 - cosine, or the length of the difference (l2); `radius` and `inner` are one for all queries or
        one for each (n,). `query` is a vector, several (n, dim), or texts where the field has an encoder. Shells that
        follow each other (`inner` the last `radius`) count every document once. Raises InvalidArgument.
        """
        return range_search(self.snapshot(), field, query, radius, inner, where, threads)

    def clusters(
        self,
        field: str,
        count: int,
        *,
        rounds: int = 10,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> Clusters:
        """The documents of a vector field in `count` groups, by k-means; the same seed gives the same groups.

        Distances are those of the vectors, of their directions under cosine. The centroids are found on at most 256
        documents for each, then all documents are assigned. `progress` is told (rounds done, rounds). Raises
        InvalidArgument.
        """
        return clusters(self.snapshot(), field, count, rounds, seed, progress)

    def knn_graph(
        self,
        field: str,
        k: int = 15,
        *,
        recall: float | None = None,
        threads: int = 1,
        progress: Callable[[int, int], None] | None = None,
    ) -> KnnGraph:
        """The `k` nearest neighbours of every document's vector, itself not counted, as of the last commit.

        `graph.doc_ids` names the nodes; `scipy.sparse.csr_matrix(graph.csr())` is the matrix of distances that
        scikit-learn (`metric="precomputed"`) and umap take. `recall` is as for `search`. `progress` is told (documents
        done, documents). Raises InvalidArgument.
        """
        return knn_graph(self.snapshot(), field, k, recall, threads, progress)

    def document_map(
        self,
        field: str | None = None,
        *,
        most: int = MOST_DOCUMENTS,
        progress: Callable[[int, int], None] | None = None,
    ) -> DocumentMap:
        """Documents as points in the plane, like ones near each other: a layout of the graph of nearest neighbours.

        By the vectors of `field`, of the first vector field, or, where there is none, of the words. Draws an even
        sample of at most `most` documents; takes seconds to a minute. The same commit always gives the same map.
        `progress` is told (steps done, steps in all). Raises InvalidArgument.
        """
        return draw_map(self.snapshot(), field, most, progress)
