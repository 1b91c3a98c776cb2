"""A committed state of a collection, pinned: what readers search. It never changes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio._native import Kernel, Searcher
from rocchio.engine.explain import explain
from rocchio.engine.open_segment import OpenSegment, open_segment
from rocchio.engine.queries import Query, QueryBatch, TermWeights, check_k, to_batch
from rocchio.errors import Corruption, InvalidArgument, NotFound
from rocchio.lexical.scoring import Bm25, parse_bm25
from rocchio.storage.directory import Directory
from rocchio.storage.checked import SealedFile
from rocchio.storage.manifest import Manifest, SegmentEntry, read_manifest
from rocchio.analysis import Analysis, Analyzer
from rocchio.types import DocId, Hit, Run

FieldChoice: TypeAlias = str | Iterable[str] | Mapping[str, float] | None
_QUERY_TABLE_BYTES = 64 << 20


class Snapshot:
    """Search over one manifest. Any number of threads may share it."""

    def __init__(self, manifest: Manifest, segments: Sequence[OpenSegment], analyzer: Analyzer) -> None:
        self.manifest, self.segments, self.schema = manifest, tuple(segments), manifest.schema
        self._analysis = Analysis(analyzer)
        self._analysis_lock = threading.Lock()
        self._searchers: dict[tuple[Bm25, tuple[float, ...]], Searcher] = {}

    def __len__(self) -> int:
        """Number of documents."""
        return self.manifest.document_count

    @overload
    def search(self, query: Query, k: int = ..., **options: Any) -> list[Hit]: ...
    @overload
    def search(self, query: Sequence[Query], k: int = ..., **options: Any) -> Run: ...

    def search(
        self,
        query: Query | Sequence[Query],
        k: int = 10,
        *,
        threads: int = 1,
        field: FieldChoice = None,
        scoring: Bm25 | str | None = None,
        query_ids: Sequence[str] | None = None,
        kernel: str = "automatic",
    ) -> list[Hit] | Run:
        """Exact top k by BM25.

        One query (a text, or {term: weight} with terms as indexed) gives a list of hits; a list of queries gives a
        `Run` whose query ids are `query_ids` or the positions as strings. Fewer than k hits is a normal answer: a
        document without any of the terms is never returned. Ties are ordered by doc_id. `field` restricts the
        search to text fields (a name, names, or {name: boost}); `scoring` defaults to `Bm25()`; `threads` share the
        queries of a list; `kernel` is "automatic", "exhaustive" (the plain reference) or "windowed". Raises
        InvalidArgument, Corruption.
        """
        k = check_k(k)
        searcher = self.searcher(scoring, field)
        if isinstance(query, str | Mapping):
            batch = self._batch([query])
            found = self._search_batch(searcher, batch, k, _kernel(kernel))
            return self._hits(searcher, batch, found, scoring)
        queries = _query_list(query)
        if query_ids is not None and len(query_ids) != len(queries):
            raise InvalidArgument(f"expected {len(queries)} query_ids, one per query, found {len(query_ids)}")
        ids = [str(i) for i in range(len(queries))] if query_ids is None else [str(i) for i in query_ids]
        parts = self._search_threads(searcher, self._batch(queries), k, _kernel(kernel), threads)
        return _to_run(ids, parts, str(_scoring(scoring)))

    def explain(self, query: Query, doc_id: DocId, *, scoring: Bm25 | str | None = None, field: FieldChoice = None) -> Any:
        """Why `doc_id` has its score for the query. Raises NotFound for a document that is not there."""
        segment, row = self.locate(doc_id)
        return explain(self, self.searcher(scoring, field), self._batch([query]), segment, row, str(_scoring(scoring)))

    def get(self, doc_id: DocId) -> dict[str, Any]:
        """The stored fields of a document. Raises NotFound."""
        segment, row = self.locate(doc_id)
        return self.fetch(segment, row)

    def __contains__(self, doc_id: object) -> bool:
        try:
            self.locate(str(doc_id))
        except NotFound:
            return False
        return True

    def locate(self, doc_id: DocId) -> tuple[int, int]:
        """(segment, row) of a document. Raises NotFound."""
        wanted = pa.array([doc_id], pa.large_string())
        for index, segment in enumerate(self.segments):
            row = int(segment.find(wanted)[0])
            if row >= 0:
                return index, row
        raise NotFound(f"expected a document of the collection, found no doc_id {doc_id!r}")

    def fetch(self, segment: int, row: int) -> dict[str, Any]:
        """The stored fields at a place."""
        return self.segments[segment].documents.fetch([row], self.schema)[0]

    def terms(self, text: str) -> dict[str, float]:
        """How a text is indexed: each term with how often it occurs, in order of appearance."""
        with self._analysis_lock:
            return self._analysis.query_terms(text)

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where a text's terms stand: (start, end, term) in characters; for highlighting."""
        with self._analysis_lock:
            return self._analysis.spans(text)

    def searcher(self, scoring: Bm25 | str | None, field: FieldChoice) -> Searcher:
        """The kernels' view of this snapshot for a scoring and choice of fields; kept for the next query."""
        key = (_scoring(scoring), tuple(self.schema.weights(field)))
        found = self._searchers.get(key)
        if found is None:
            bm25, weights = key
            entries = self.manifest.segments
            totals = [sum(entry.lengths[f] for entry in entries) for f in range(len(weights))]
            found = Searcher(
                [segment.lexical for segment in self.segments],
                bm25.native_variant,
                bm25.k1,
                bm25.b,
                bm25.delta,
                list(weights),
                len(self),
                np.array(totals, np.uint64),
            )
            if len(self._searchers) >= 16:  # each holds a few bytes per document
                self._searchers.clear()
            self._searchers[key] = found
        return found

    def _batch(self, queries: Sequence[Any]) -> QueryBatch:
        with self._analysis_lock:
            if self._analysis.memory_bytes > _QUERY_TABLE_BYTES:
                self._analysis.reset()
            return to_batch(queries, self._analysis)

    def _search_threads(
        self, searcher: Searcher, batch: QueryBatch, k: int, kernel: Kernel, threads: int
    ) -> list[tuple[Any, ...]]:
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise InvalidArgument(f"expected threads of at least 1, found {threads!r}")
        if threads == 1:
            return [self._search_batch(searcher, batch, k, kernel)]
        # several parts per thread, because queries differ in cost
        step = max(1, -(-len(batch) // (threads * 4)))
        parts = [batch.part(first, min(first + step, len(batch))) for first in range(0, len(batch), step)]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda part: self._search_batch(searcher, part, k, kernel), parts))

    def _search_batch(self, searcher: Searcher, batch: QueryBatch, k: int, kernel: Kernel) -> tuple[Any, ...]:
        data, offsets = batch.term_buffers()
        return searcher.search(data, offsets, batch.offsets, batch.terms, batch.weights, k, [], kernel)

    def _hits(
        self, searcher: Searcher, batch: QueryBatch, found: tuple[Any, ...], scoring: Bm25 | str | None
    ) -> list[Hit]:
        _, segments, rows, scores, _, _ = found
        name = str(_scoring(scoring))

        def hit(doc_id: str, score: float, segment: int, row: int) -> Hit:
            return Hit(
                doc_id,
                score,
                lambda: self.fetch(segment, row),
                lambda: explain(self, searcher, batch, segment, row, name),
            )

        ids = _doc_ids(found)
        return [hit(*parts) for parts in zip(ids, scores.tolist(), segments.tolist(), rows.tolist(), strict=True)]


def open_snapshot(
    directory: Directory, analyzer_for: Any, previous: Snapshot | None = None
) -> Snapshot:
    """The last committed state. Segments that `previous` has open are shared."""
    for _ in range(100):
        manifest = read_manifest(directory)
        analyzer = analyzer_for(manifest.schema.analyzer)
        known = {_identity(segment.entry): segment for segment in previous.segments} if previous else {}
        try:
            segments = [
                known.get(_identity(entry)) or open_segment(directory, entry, manifest.schema)
                for entry in manifest.segments
            ]
        except NotFound as error:
            # a writer may have replaced the manifest and removed old files in the meantime: look again
            if read_manifest(directory).generation == manifest.generation:
                raise Corruption(directory.path(""), None, f"a file is missing: {error}") from error
            continue
        return Snapshot(manifest, segments, analyzer)
    raise Corruption(directory.path(""), None, "files vanish as fast as the manifest changes")


def _identity(entry: SegmentEntry) -> tuple[str, SealedFile | None]:
    return entry.name, entry.tombstones


def _to_run(query_ids: Sequence[str], parts: Sequence[tuple[Any, ...]], name: str) -> Run:
    doc_ids: list[list[str]] = []
    scores: list[npt.NDArray[np.float32]] = []
    for part in parts:
        ids = _doc_ids(part)
        ends = part[0].tolist()
        doc_ids += [ids[begin:end] for begin, end in zip(ends, ends[1:], strict=False)]
        scores += [part[3][begin:end] for begin, end in zip(ends, ends[1:], strict=False)]
    return Run(query_ids, doc_ids, scores, name.replace(" ", ""))


def _doc_ids(found: tuple[Any, ...]) -> list[str]:
    data, offsets = found[4], found[5]
    array = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
    ids: list[str] = array.to_pylist()
    return ids


def _query_list(queries: Any) -> list[Any]:
    if isinstance(queries, bytes) or not isinstance(queries, Iterable):
        raise InvalidArgument(
            f"expected a text, {{term: weight}}, or a list of either, found {type(queries).__name__}; "
            "vectors come in a later version"
        )
    return list(queries)


def _scoring(scoring: Bm25 | str | None) -> Bm25:
    if scoring is None:
        return Bm25()
    if isinstance(scoring, str):
        return parse_bm25(scoring)
    if not isinstance(scoring, Bm25):
        raise InvalidArgument(f"expected a scoring like rocchio.bm25(k1=0.9, b=0.4), found {scoring!r}")
    return scoring


def _kernel(name: str) -> Kernel:
    kernels = {"automatic": Kernel.automatic, "exhaustive": Kernel.exhaustive, "windowed": Kernel.windowed}
    if name not in kernels:
        raise InvalidArgument(f"expected a kernel of {', '.join(kernels)}, found {name!r}")
    return kernels[name]


__all__ = ["FieldChoice", "Snapshot", "TermWeights", "open_snapshot"]
