"""Facets: how many of some documents have each value of a field, or one in each of a few ranges. Counts are exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.dense.reference import unpacked
from rocchio.engine.facet_ranges import FacetRange, date_ranges, few_numbers, number_ranges
from rocchio.engine.open_segment import OpenSegment
from rocchio.engine.queries import check_unicode
from rocchio.errors import InvalidArgument
from rocchio.filters.columns import KeywordColumn, OrderedColumn
from rocchio.filters.typed import FILTERED_KINDS
from rocchio.storage.schema import Field
from rocchio.types import DocId

if TYPE_CHECKING:
    from rocchio.engine.filtering import Where
    from rocchio.engine.snapshot import Snapshot

MOST_DISTINCT = 2000
"""Strings of a field in one segment that are counted: a field with more is a name rather than a facet."""
MOST_VALUES = 1000

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FacetValue:
    """`count` of the documents have this value."""

    value: str | float | bool
    count: int


@dataclass(frozen=True)
class Facet:
    """One field of `kind`: the most frequent `values` first, or `ranges` in order; `missing` documents have no value.

    `distinct` values there are, in all; None where there are too many to count, and then there are no `values`.
    """

    kind: str
    missing: int
    distinct: int | None
    values: tuple[FacetValue, ...] = ()
    ranges: tuple[FacetRange, ...] = ()


@dataclass(frozen=True)
class Facets:
    """Facets by field, of `documents` documents."""

    documents: int
    fields: dict[str, Facet]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def count_facets(
    snapshot: Snapshot,
    fields: Sequence[str] | None,
    where: Where | None,
    among: Iterable[DocId] | None,
    most: int,
) -> Facets:
    """`Collection.facets`. Raises InvalidArgument, Corruption."""
    known = {name: field for name, field in snapshot.schema.fields.items() if field.kind in FILTERED_KINDS}
    names = list(known) if fields is None else _names(fields, known)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= MOST_VALUES:
        raise InvalidArgument(f"expected from 1 to {MOST_VALUES} values of a field, found {most!r}")
    chosen = _chosen(snapshot, where, among)
    counted = {name: _facet(name, known[name], snapshot.segments, chosen, most) for name in names}
    return Facets(sum(int(flags.sum()) for flags in chosen), counted)


def _names(fields: Any, known: Mapping[str, Field]) -> list[str]:
    """The fields to count. Raises InvalidArgument."""
    if isinstance(fields, str) or not isinstance(fields, Iterable):
        raise InvalidArgument(f"expected a list of fields to count, found {fields!r}")
    names = list(fields)
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise InvalidArgument(
                f"expected a {', '.join(FILTERED_KINDS)} field to count, found {name!r}; there are "
                f"{', '.join(known) or 'none'}"
            )
    return names


def _doc_ids(among: Any) -> pa.LargeStringArray:
    """The documents to count among. Raises InvalidArgument; a text is no list of its characters."""
    if isinstance(among, str) or not isinstance(among, Iterable):
        raise InvalidArgument(f"expected among as a list of doc_ids, found {among!r}")
    ids = list(among)
    for doc_id in ids:
        if not isinstance(doc_id, str):
            raise InvalidArgument(f"expected doc_ids as strings to count among, found {doc_id!r}")
        check_unicode(doc_id)
    return pa.array(ids, pa.large_string())


def _chosen(snapshot: Snapshot, where: Where | None, among: Iterable[DocId] | None) -> list[Flags]:
    """Which stored documents of each segment are counted (documents,)."""
    predicate = None if where is None else snapshot.filters.predicate(where)
    wanted = None if among is None else _doc_ids(among)
    flags = []
    for segment in snapshot.segments:
        live = segment.live_documents()
        if predicate is not None:
            live = live & unpacked(segment.columns.mask(predicate), len(live))
        if wanted is not None:
            live = live & _found(segment, wanted, len(live))
        flags.append(live)
    return flags


def _found(segment: OpenSegment, doc_ids: pa.LargeStringArray, documents: int) -> Flags:
    rows = segment.find(doc_ids)
    rows = rows[rows >= 0]
    found = np.zeros(documents, np.bool_)
    found[rows if segment.passages is None else segment.passages.documents_of(rows)] = True
    return found


def _facet(name: str, field: Field, segments: Sequence[OpenSegment], chosen: Sequence[Flags], most: int) -> Facet:
    documents = sum(int(flags.sum()) for flags in chosen)
    columns = [segment.columns.column(name) for segment in segments]
    present = sum(
        int((unpacked(column.present, len(flags)) & flags).sum()) for column, flags in zip(columns, chosen, strict=True)
    )
    if field.kind in ("keyword", "bool"):
        return _strings(field, [c for c in columns if isinstance(c, KeywordColumn)], chosen, documents - present, most)
    parts = [c.numbers(flags) for c, flags in zip(columns, chosen, strict=True) if isinstance(c, OrderedColumn)]
    numbers = np.concatenate([*parts, np.empty(0, np.int64 if field.integer or field.kind == "date" else np.float64)])
    distinct, counts = np.unique(numbers, return_counts=True)
    facet = Facet(field.kind, documents - present, len(distinct))
    if field.kind == "date":
        return Facet(facet.kind, facet.missing, facet.distinct, ranges=date_ranges(numbers))
    if few_numbers(distinct):
        pairs = zip(distinct.tolist(), counts.tolist(), strict=True)
        return Facet(facet.kind, facet.missing, facet.distinct, tuple(FacetValue(*pair) for pair in pairs))
    return Facet(facet.kind, facet.missing, facet.distinct, ranges=number_ranges(numbers))


def _strings(field: Field, columns: Sequence[KeywordColumn], chosen: Sequence[Flags], missing: int, most: int) -> Facet:
    if any(column.distinct > MOST_DISTINCT for column in columns):
        return Facet(field.kind, missing, None)
    total: Counter[str] = Counter()
    for column, flags in zip(columns, chosen, strict=True):
        total.update(column.counts_within(flags))
    ranked = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    values = [FacetValue(text == "true" if field.kind == "bool" else text, count) for text, count in ranked[:most]]
    return Facet(field.kind, missing, len(total), tuple(values))
