"""Batches whose queries have filters of their own: those with the same one are searched together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rocchio.engine.filtering import Where
from rocchio.engine.search_options import SearchOptions
from rocchio.errors import InvalidArgument
from rocchio.filters import Predicate
from rocchio.types import Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot


def search_by_filter(
    snapshot: Snapshot, queries: Any, k: int | None, where: Sequence[Where | None], options: SearchOptions
) -> Run:
    """The answers to `queries[i]` among the documents that `where[i]` is true of. Raises InvalidArgument."""
    count = _count(queries)
    if count != len(where):
        found = f"{count} queries" if count is not None else "one query"
        raise InvalidArgument(f"expected a predicate, or a list of one for each query, found {len(where)} for {found}")
    groups: dict[Predicate | None, list[int]] = {}
    for place, each in enumerate(where):
        key = None if each is None else snapshot.filters.predicate(each)
        groups.setdefault(key, []).append(place)
    ids = options.get("query_ids")
    ids = [str(place) for place in range(len(where))] if ids is None else list(map(str, ids))
    if len(ids) != len(where):
        raise InvalidArgument(f"expected {len(where)} query_ids, one per query, found {len(ids)}")
    doc_ids: list[Any] = [()] * len(where)
    scores: list[Any] = [()] * len(where)
    name = ""
    for predicate, places in groups.items():
        names = [ids[place] for place in places]
        of_group: Any = {**options, "where": predicate, "query_ids": names}
        for marks in ("relevant", "not_relevant"):
            if isinstance(of_group.get(marks), Mapping):
                of_group[marks] = {name: each for name, each in of_group[marks].items() if name in names}
        run = snapshot.search(_chosen(queries, places), k, **of_group)
        for number, place in enumerate(places):
            doc_ids[place], scores[place] = run.doc_ids[number], run.scores[number]
        name = run.name
    return Run(ids, doc_ids, scores, name)


def _count(queries: Any) -> int | None:
    """How many queries there are, None if it is only one."""
    shape = getattr(queries, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) == 2 else None
    is_vector = isinstance(queries, list | tuple) and queries and isinstance(queries[0], int | float)
    return None if is_vector or not isinstance(queries, list | tuple) else len(queries)


def _chosen(queries: Any, places: list[int]) -> Any:
    return queries[places] if hasattr(queries, "shape") else [queries[place] for place in places]
