"""Batches whose queries have filters of their own: those with the same one are searched together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rocchio.engine.execution import check_threads, on_threads, parts_by_filter
from rocchio.engine.filtering import of_each
from rocchio.engine.hybrid import search_mixed_batch
from rocchio.engine.mixed import as_mixed, materialised
from rocchio.engine.queries import check_k, query_ids_of
from rocchio.engine.search_options import SearchOptions
from rocchio.errors import InvalidArgument
from rocchio.filters import Predicate
from rocchio.types import DocId, Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot


def search_by_filter(snapshot: Snapshot, queries: Any, k: int | None, options: SearchOptions) -> Run:
    """The answers to `queries[i]` among the documents that `options["where"][i]` is true of. Raises InvalidArgument."""
    given: Any = options["where"]
    count = _count(queries)
    if count != len(given):
        found = f"{count} queries" if count is not None else "one query"
        raise InvalidArgument(f"expected a predicate, or a list of one for each query, found {len(given)} for {found}")
    where = of_each(given, lambda each: None if each is None else snapshot.filters.predicate(each))
    ids = query_ids_of(options.get("query_ids"), len(where))
    if options.get("plan") is None:
        mixed = as_mixed(queries, options, snapshot.schema)
        if isinstance(mixed, Sequence):  # which parts there are, and how they are fused, is one for the batch
            asked: Any = {**options, "where": where, "field": materialised(options.get("field"))}
            return search_mixed_batch(snapshot, mixed, ids, check_k(10 if k is None else k), asked)
    return _grouped(snapshot, queries, k, where, ids, options)


def _grouped(
    snapshot: Snapshot,
    queries: Any,
    k: int | None,
    where: Sequence[Predicate | None],
    ids: Sequence[str],
    options: SearchOptions,
) -> Run:
    """Searches for each distinct predicate, put together."""
    threads = options.get("threads", 1)
    check_threads(threads)

    def search(places: list[int]) -> Run:
        of_group = _of_group(options, where[places[0]], [ids[place] for place in places])
        run: Run = snapshot.search(_chosen(queries, places), k, **of_group)
        return run

    doc_ids: list[Any] = [None] * len(where)
    scores: list[Any] = [None] * len(where)
    name = ""
    parts = parts_by_filter(where, threads)
    for places, run in zip(parts, on_threads(search, parts, threads), strict=True):
        for number, place in enumerate(places):
            doc_ids[place], scores[place] = (run.doc_ids, number), run.scores[number]
        name = run.name
    return Run(ids, _DocIds(doc_ids), scores, name)


def _of_group(options: SearchOptions, where: Any, ids: list[str]) -> Any:
    """The options of the queries with these ids, which have one filter."""
    of_group: Any = {**options, "where": where, "query_ids": ids, "threads": 1}
    for marks in ("relevant", "not_relevant"):
        if isinstance(of_group.get(marks), Mapping):
            of_group[marks] = {query_id: each for query_id, each in of_group[marks].items() if query_id in ids}
    return of_group


class _DocIds(Sequence[Sequence[DocId]]):
    """The doc_ids of a batch by query, which are looked up in those of its groups when they are asked for."""

    def __init__(self, groups: Sequence[tuple[Any, int]]) -> None:
        self._groups = groups

    def __len__(self) -> int:
        return len(self._groups)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [of_group[number] for of_group, number in self._groups[index]]
        of_group, number = self._groups[index]
        return of_group[number]

    def places(self, index: int) -> Any:
        """(segments, rows) of the documents of query `index`, best first, where its group knows them: no plan does."""
        of_group, number = self._groups[index]
        return of_group.places(number)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # compared by content, like a list

    def __repr__(self) -> str:
        return repr(list(self))


def _count(queries: Any) -> int | None:
    """How many queries there are, None if it is only one."""
    shape = getattr(queries, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) == 2 else None
    is_vector = isinstance(queries, list | tuple) and queries and isinstance(queries[0], int | float)
    return None if is_vector or not isinstance(queries, list | tuple) else len(queries)


def _chosen(queries: Any, places: list[int]) -> Any:
    return queries[places] if hasattr(queries, "shape") else [queries[place] for place in places]
