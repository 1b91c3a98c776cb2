"""`Collection`: what users hold. Documents in, a durable collection on disk, exact answers out."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, Unpack

from rocchio.analysis import Analyzer
from rocchio.encoders.model import Usage
from rocchio.engine.adding import Adder, AddSummary, GivenTenants, OnError, Progress
from rocchio.engine.click_logging import ClickLogging
from rocchio.engine.counter import Counter
from rocchio.engine.embedding import EmbedSummary, embedded, plan_embedding
from rocchio.engine.embedding_precompute import EmbeddingOptions, precompute_embeddings
from rocchio.engine.encoding import EncoderChoice, Encoders
from rocchio.engine.frozen import FreezeSummary, bytes_to_freeze
from rocchio.engine.garbage import remove_orphans
from rocchio.engine.given_analyzer import analyzer_of
from rocchio.engine.opened_snapshot import open_snapshot
from rocchio.engine.precompute import PrecomputeOptions, PrecomputeSummary, precompute
from rocchio.engine.progressive import Progressive
from rocchio.engine.reading import Reading
from rocchio.engine.search_options import FieldChoice
from rocchio.engine.snapshot import DEFAULT_CACHE_MB, Snapshot
from rocchio.engine.tenant_management import TenantManagement, checked_ids
from rocchio.engine.vector_index import calibration_queries
from rocchio.engine.vector_memory import VectorMemory
from rocchio.engine.writer import Writer, due_for_merging
from rocchio.errors import BadRecord, InvalidArgument, NotFound, RocchioError, UserError
from rocchio.lexical.frozen import Frozen
from rocchio.lexical.scoring import Bm25
from rocchio.pipelines import Step
from rocchio.storage.cluster_by import check_cluster_by
from rocchio.storage.directory import Directory
from rocchio.storage.lock import WriterLock
from rocchio.storage.manifest import read_manifest
from rocchio.storage.tenancy import Tenant, check_tenant, check_tenants
from rocchio.types import DocId

_Result = TypeVar("_Result")


class Collection(Reading, ClickLogging, Progressive, TenantManagement):
    """A durable collection. Searching sees the last commit; adding and deleting wait for `commit`.

    One writer at a time, in any process; any number of readers. Use as a context manager to drop uncommitted
    changes and release the writer lock at the end.
    """

    def __init__(
        self,
        directory: Directory,
        path: Path,
        analyzer: Analyzer | None,
        memory_mb: int,
        cache_mb: int = DEFAULT_CACHE_MB,
        encoders: Encoders | None = None,
        tenant: Tenant = None,
        memory: VectorMemory | None = None,
    ) -> None:
        self._directory, self.path, self._given_analyzer, self._memory_mb = directory, path, analyzer, memory_mb
        self._cache_mb, self._encoders, self._tenant = cache_mb, encoders or Encoders(), tenant
        self._lock: WriterLock | None = None
        self._writer: Writer | None = None
        self._mutex = threading.RLock()
        self._busy = False
        self._vector_memory = memory
        self._snapshot = open_snapshot(directory, self._analyzer_for, cache_mb, None, self._encoders, memory)

    # ---- writing

    def refresh(self) -> None:
        """See what other processes have committed. Not with uncommitted changes of our own."""
        with self._writing():
            if self._writer is not None:
                raise InvalidArgument("expected no uncommitted changes, found some; commit or rollback first")
            self._snapshot = self._last_commit()

    def add(
        self,
        documents: Any,
        *,
        on_error: OnError = "raise",
        rejects: str | Path | None = None,
        progress: Progress | None = None,
        tenants: str | Iterable[str] | None = None,
        **source: Any,
    ) -> AddSummary:
        """Add documents: a dict, an iterable of dicts, an Arrow table or batch, or a path.

        A doc_id that the collection has already is an error (DuplicateDocument); `upsert` replaces. A doc_id
        repeated within the call's batch of 4,096: the last one wins and the summary counts it. With
        on_error="skip", bad records go to the file `rejects` (JSON Lines with path, line, reason, record) and are
        counted; with "raise" the first one raises and nothing of its batch is added. `progress` is told (documents,
        bytes read, bytes in all). `tenants` see those documents of a multi-tenant collection that have no "_tenants" of
        their own; in a handle of one tenant, that one does. Visible after `commit`. Memory: `memory_mb` plus one batch,
        whatever the length of the stream. Raises SchemaMismatch, DuplicateDocument, BadRecord, BusyError,
        StorageFailure.
        """
        given = self._given_tenants(tenants)
        return self._change(
            lambda writer: Adder(writer, self.schema, False, on_error, rejects, progress, given).run(documents, source)
        )

    def upsert(
        self,
        documents: Any,
        *,
        on_error: OnError = "raise",
        rejects: str | Path | None = None,
        progress: Progress | None = None,
        tenants: str | Iterable[str] | None = None,
        **source: Any,
    ) -> AddSummary:
        """Like `add`, but a document whose doc_id is there already is replaced."""
        given = self._given_tenants(tenants)
        return self._change(
            lambda writer: Adder(writer, self.schema, True, on_error, rejects, progress, given).run(documents, source)
        )

    def delete(self, doc_ids: DocId | Iterable[DocId]) -> int:
        """Delete documents by doc_id; unknown ones are ignored. Returns how many were there.

        In a handle of one tenant, documents that others see too stay there for those.
        """
        ids, tenant = checked_ids(doc_ids), self._tenant
        if isinstance(tenant, str):
            return self._change(lambda writer: len(writer.delete_of(tenant, ids)))
        return self._change(lambda writer: len(writer.delete(ids)))

    def for_tenant(self, tenant: str) -> Collection:
        """A handle of the same open collection that is for one tenant: it reads, and writes, only what is theirs.

        Uncommitted changes, commits and the writer lock are those of this handle. Raises InvalidArgument.
        """
        self._need_tenants("for_tenant")
        return TenantHandle(self, check_tenant(tenant))

    def _given_tenants(self, tenants: Any) -> GivenTenants:
        """Who sees the documents of a call. Raises InvalidArgument."""
        if tenants is not None and self._snapshot.schema.tenants is None:
            raise InvalidArgument(f"expected no tenants in a collection without tenants, found {tenants!r}"[:400])
        if isinstance(self._tenant, str):
            if tenants is not None:
                raise InvalidArgument(
                    f"expected no tenants in the handle of {self._tenant!r}, found some; leave them out"
                )
            return GivenTenants([self._tenant], only=self._tenant)
        return GivenTenants(None if tenants is None else check_tenants(tenants))

    def commit(self) -> int:
        """Make all changes durable and visible; returns the generation. Without changes, does nothing."""
        with self._writing():
            if self._writer is None or not self._writer.has_changes:
                self._forget_changes()
                return self._snapshot.manifest.generation
            self._publish(lambda writer: writer.commit())
            while due := due_for_merging(self._snapshot.manifest):
                self._publish(lambda writer, due=due: writer.merge(due, lambda _n: None))  # type: ignore[misc]
            if self._snapshot.latents.outgrown(self._snapshot.manifest):
                every = [entry.name for entry in self._snapshot.manifest.segments]
                self._merge(every, lambda _n: None, refit=True)
            self._forget_changes()
            return self._snapshot.manifest.generation

    def rollback(self) -> None:
        """Drop all uncommitted changes and release the writer lock."""
        with self._writing():
            wrote = self._writer is not None
            self._drop_writer()
            self._snapshot = self._last_commit()
            if wrote and self._lock is not None:
                self._directory.sync_folder("")
                remove_orphans(self._directory, self._snapshot.manifest)
            self._forget_changes()

    def compact(
        self,
        progress: Callable[[int, int], None] | None = None,
        *,
        cluster_by: str | Sequence[str] | None = None,
    ) -> int:
        """Merge all segments into one and drop deleted documents; returns the generation.

        With `cluster_by`, the name of a keyword, number, date or bool field, or several, or "tenant", documents are put
        in the order of their values, and so are those of every later merge: what a filter by these fields allows lies
        side by side then, and searches skip the rest. No answer changes. An empty list ends that.

        Text is not analysed again and scores of texts do not change. An encoder that was fitted on the collection is
        fitted anew when the collection has changed much. Memory is bounded by the dictionary, 40 bytes a document, and
        the values of keyword, number, date and bool fields.
        `progress` is told (steps done, steps in all). Raises InvalidArgument with uncommitted changes.
        """
        self._need_all("compact")
        before = self._snapshot.manifest.cluster_by
        order = before if cluster_by is None else check_cluster_by(self.schema, cluster_by)
        with self._writing_nothing_else("compact"):
            entries = self._snapshot.manifest.segments
            refit = self._snapshot.latents.drifted(self._snapshot.segments)
            is_ordered = not order or all(entry.cluster_by == order for entry in entries)
            if len(entries) > 1 or any(entry.deleted for entry in entries) or refit or not is_ordered:
                # postings are written twice: by term and by document
                steps = sum(2 * segment.posting_count + segment.vector_rows for segment in self._snapshot.segments)
                counter = Counter(progress, 2 * steps if refit and order else steps)
                self._merge([entry.name for entry in entries], counter.advance, refit=refit, cluster_by=order)
            elif order != before:
                self._publish(lambda writer: writer.set_order(order))
            self._forget_changes()
            return self._snapshot.manifest.generation

    def _merge(
        self,
        chosen: Sequence[str],
        advance: Callable[[int], None],
        *,
        refit: bool = False,
        cluster_by: tuple[str, ...] | None = None,
    ) -> None:
        """See `Writer.merge`. Documents are put in order before models are fitted, in a commit of its own."""
        order = self._snapshot.manifest.cluster_by if cluster_by is None else cluster_by
        entries = self._snapshot.manifest.segments
        if order and refit and (len(chosen) > 1 or any(entry.cluster_by != order for entry in entries)):
            self._publish(lambda writer: writer.merge(chosen, advance, cluster_by=order))
            chosen = [entry.name for entry in self._snapshot.manifest.segments]
        self._publish(lambda writer: writer.merge(chosen, advance, refit=refit, cluster_by=order))

    def embed(
        self,
        field: str,
        encoder: EncoderChoice | None = None,
        *,
        source: str | list[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> EmbedSummary:
        """Give the documents that are there already the vectors of an encoder, in one commit.

        With an `encoder`, all of them get new vectors of their `source` texts, in the vector field `field` or in a new
        one; until the end searches use what was there before. Without one, only documents that have no vector get one;
        if none lacks one, nothing is written.
        What an interrupted call has done is in the embedding cache. `progress` is told (steps done, steps in all).
        Raises InvalidArgument, also with uncommitted changes, NotFound, EncoderFailure.
        """
        self._need_all("embed")
        with self._writing_nothing_else("embed"):
            plan = plan_embedding(self._snapshot, field, encoder, source)
            counter = Counter(progress, plan.steps)
            if not plan.is_done:
                self._publish(
                    lambda writer: writer.embed(field, plan.field, anew=encoder is not None, advance=counter.advance)
                )
            self._forget_changes()
            return embedded(self._snapshot, field, plan)

    def encoder_usage(self) -> dict[str, Usage]:
        """What each encoder that this handle has used did: texts, cached, truncated, requests, tokens, cost."""
        return self._encoders.usage

    def freeze(
        self,
        *,
        scoring: Bm25 | str | None = None,
        field: FieldChoice = None,
        max_mb: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> FreezeSummary:
        """Keep the columns of terms on disk, so that the first search of a term after opening is as fast as the next.

        They are those of a `scoring` and a choice of text fields, or of a sparse field, as `search` takes them; the
        most frequent terms come first, as many as fit `max_mb` MiB. Columns frozen before for other ones of the text
        fields, or for the same sparse field, are replaced. Answers do not change: after documents were added or
        deleted, columns that no longer hold are not used; freeze again. `progress` is told (rows done, rows). Raises
        InvalidArgument, also with uncommitted changes.
        """
        most_bytes = bytes_to_freeze(max_mb)
        self._need_all("freeze")
        with self._writing_nothing_else("freeze"):
            index, searcher = self._snapshot.to_freeze(scoring, field)
            total = Frozen()
            if self._snapshot.segments:
                counter = Counter(progress, sum(segment.rows for segment in self._snapshot.segments))
                total = self._publish(lambda writer: writer.freeze(index, searcher, most_bytes, counter.advance))[1]
            self._forget_changes()
            return FreezeSummary(total.terms, total.size_bytes, self._snapshot.manifest.generation)

    def thaw(self) -> int:
        """Remove all frozen columns; returns the generation. Answers do not change."""
        self._need_all("thaw")
        with self._writing_nothing_else("thaw"):
            if any(entry.frozen for entry in self._snapshot.manifest.segments):
                self._publish(lambda writer: writer.thaw())
            self._forget_changes()
            return self._snapshot.manifest.generation

    def precompute(self, plan: Step | str | None, **options: Unpack[PrecomputeOptions]) -> PrecomputeSummary:
        """Run a plan like "bm25 >> rm3 >> bm25" for pseudo-queries of all documents, for plans with `offline`.

        See `PrecomputeOptions`. What was precomputed before is replaced; None as `plan` only removes it. Raises
        InvalidArgument, also with uncommitted changes, NotFound, BadRecord, EncoderFailure.
        """
        tenant = self._tenant if isinstance(self._tenant, str) else None
        if tenant is None and self._snapshot.schema.tenants is not None:
            raise InvalidArgument(
                "expected a handle of one tenant to precompute feedback of a multi-tenant collection, found none; open "
                "it with tenant='NAME'"
            )
        with self._writing_nothing_else("precompute"):
            made = None if plan is None else precompute(self.snapshot(), plan, options)
            summary = self._publish(lambda writer: writer.precompute(made, tenant))
            self._forget_changes()
            return summary

    def precompute_embeddings(self, field: str | None, **options: Unpack[EmbeddingOptions]) -> PrecomputeSummary:
        """Vectors of pseudo-queries of all documents, for plans with `pseudo_embeddings`: a few centroids a document.

        `field` is a vector field with an encoder. See `EmbeddingOptions`. What was made before is replaced; None as
        `field` only removes it. The summary counts documents as `pseudo_queries` and centroids as `entries`. Raises
        InvalidArgument, also with uncommitted changes, NotFound, BadRecord, EncoderFailure.
        """
        self._need_all("precompute_embeddings")
        with self._writing_nothing_else("precompute_embeddings"):
            made = None if field is None else precompute_embeddings(self._snapshot, field, options)
            summary = self._publish(lambda writer: writer.precompute_embeddings(made))
            self._forget_changes()
            return summary

    def calibrate(self, queries: Any, field: str, *, progress: Callable[[int, int], None] | None = None) -> int:
        """Measure what each recall takes with your own queries (n, dim), at least 20 of them; returns the generation.

        A vector field's index is calibrated when it is built, with queries that are made of its vectors. Real queries
        may be harder or easier; after this, `recall` holds for queries like these. The first 500 count, spread over
        all if there are more. What is added later, or merged by compaction, is calibrated without them: calibrate
        again. `progress` is told (segments done, segments). Raises InvalidArgument, also with uncommitted changes.
        """
        number, asked = calibration_queries(self.schema, queries, field)
        self._need_all("calibrate")
        with self._writing_nothing_else("calibrate"):
            if self._snapshot.segments:
                counter = Counter(progress, len(self._snapshot.segments))
                self._publish(lambda writer: writer.calibrate(number, asked, counter.advance))
            self._forget_changes()
            return self._snapshot.manifest.generation

    def close(self) -> None:
        """Drop uncommitted changes and release the writer lock. Searching stays possible."""
        if self._writer is not None or self._lock is not None:
            with contextlib.suppress(NotFound):  # the folder may be gone: then there is nothing to roll back
                self.rollback()
            self._forget_changes()

    def __enter__(self) -> Collection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._snapshot.schema.tenants is not None:
            return f"<rocchio.Collection {str(self.path)!r} of {self._tenant or 'several tenants'}>"
        return f"<rocchio.Collection {str(self.path)!r}: {len(self)} documents>"

    def _change(self, apply: Callable[[Writer], _Result]) -> _Result:
        with self._writing():
            writer = self._start_writing()
            try:
                return apply(writer)
            except OSError as error:
                raise self._give_up(error, writer.has_changes) from error
            except BaseException as error:
                if not isinstance(error, UserError | BadRecord):
                    error.add_note(_PENDING if writer.has_changes else _INTACT)
                if not writer.has_changes:
                    self._forget_changes()
                raise

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """One change at a time: other threads wait, a change from inside a change is refused, a fork starts anew."""
        with self._mutex:
            if self._busy:
                raise InvalidArgument("expected one change at a time, found another from inside add; do it afterwards")
            self._leave_to_parent()
            self._busy = True
            try:
                yield
            finally:
                self._busy = False

    @contextlib.contextmanager
    def _writing_nothing_else(self, action: str) -> Iterator[None]:
        """A change of its own: refused while others are not committed."""
        with self._writing():
            if self._writer is not None and self._writer.has_changes:
                raise InvalidArgument(
                    f"expected no uncommitted changes to {action}, found some; commit or rollback first"
                )
            self._start_writing()  # may have refreshed the snapshot
            try:
                yield
            except BaseException as error:
                self._forget_changes()
                if not isinstance(error, UserError) and not hasattr(error, "__notes__"):
                    error.add_note(_UNCHANGED)
                raise

    def _leave_to_parent(self) -> None:
        """In a forked child, pending changes and the lock are the parent's: forget them without touching a file."""
        if self._lock is not None and not self._lock.is_ours:
            self._writer = None
            self._lock.release()
            self._lock = None

    def _publish(self, apply: Callable[[Writer], _Result]) -> _Result:
        had_changes = False
        try:
            writer = self._start_writing()
            had_changes = writer.has_changes
            result = apply(writer)
        except BaseException as error:
            raise self._give_up(error, had_changes) from error
        self._drop_writer()
        self._snapshot = self._last_commit()
        return result

    def _give_up(self, error: BaseException, had_changes: bool) -> BaseException:
        """After a failed write nothing pending can be trusted: go back to what the disk says was committed."""
        before = self._snapshot.manifest.generation
        self._drop_writer()
        self._snapshot = self._last_commit()
        committed = self._snapshot.manifest.generation > before
        if self._lock is not None and not committed:
            with contextlib.suppress(RocchioError):  # gives the space back that the failed write took
                remove_orphans(self._directory, self._snapshot.manifest)
        self._forget_changes()
        if committed or had_changes or not isinstance(error, UserError):
            error.add_note(_VISIBLE if committed else _DROPPED if had_changes else _UNCHANGED)
        return error

    def _start_writing(self) -> Writer:
        if self._lock is None:
            self._lock = WriterLock(self.path)
            try:
                if read_manifest(self._directory).generation != self._snapshot.manifest.generation:
                    self._snapshot = self._last_commit()
                self._directory.sync_folder("")  # what we see must be durable before anything older is removed
                remove_orphans(self._directory, self._snapshot.manifest)
            except BaseException:
                self._forget_changes()
                raise
        if self._writer is None:
            self._writer = Writer(self._directory, self._snapshot, self._memory_mb)
        return self._writer

    def _last_commit(self) -> Snapshot:
        before, encoders, memory = self._snapshot, self._encoders, self._vector_memory
        return open_snapshot(self._directory, self._analyzer_for, self._cache_mb, before, encoders, memory)

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _forget_changes(self) -> None:
        self._drop_writer()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _analyzer_for(self, text: str) -> Analyzer:
        return analyzer_of(text, self._given_analyzer, self._directory)


def _shared(name: str) -> Any:
    """A member that is the whole collection's."""
    return property(lambda self: getattr(self._whole, name), lambda self, value: setattr(self._whole, name, value))


class TenantHandle(Collection):
    """A collection's handle for one tenant: see `Collection.for_tenant`."""

    _snapshot, _writer, _lock, _busy = (_shared(name) for name in ("_snapshot", "_writer", "_lock", "_busy"))

    def __init__(self, whole: Collection, tenant: str) -> None:
        self._whole, self._tenant = whole, tenant
        self._directory, self.path, self._given_analyzer = whole._directory, whole.path, whole._given_analyzer
        self._memory_mb, self._cache_mb, self._encoders = whole._memory_mb, whole._cache_mb, whole._encoders
        self._mutex, self._vector_memory = whole._mutex, whole._vector_memory


_INTACT = "the last commit is intact, and nothing waits for another; add the documents again"
_PENDING = "the last commit is intact; what was added before this waits for commit or rollback"
_UNCHANGED = "the last commit is intact, and nothing else was written"
_DROPPED = "the uncommitted changes were dropped; the last commit is intact; add them again"
_VISIBLE = "the commit is visible, but the disk did not confirm it: it may be lost in a power cut"
