"""What users ask, turned into weighted terms for the kernels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from math import isnan
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.analysis import Analysis
from rocchio.engine.mixed import MixedQuery
from rocchio.engine.open_segment import string_buffers
from rocchio.errors import InvalidArgument
from rocchio.storage.schema import Schema

MAX_K = 2**31
_INTEGERS = (int, np.integer)
MAX_WEIGHT = 1e30
"""Of a query term: sums of weights must stay far from the largest float32."""

TermWeights: TypeAlias = Mapping[str, float]
Vectors: TypeAlias = npt.NDArray[Any] | Sequence[float] | Sequence[Sequence[float]]
"""One vector (dim,) or several (n, dim); also tensors and whatever speaks DLPack."""
Query: TypeAlias = str | TermWeights | MixedQuery
"""A text, weights of terms as they are indexed (`Collection.terms` shows how), or `rocchio.query` of several parts."""


@dataclass(frozen=True)
class QueryBatch:
    """Queries as arrays: query i has terms [offsets[i], offsets[i+1]), which index `distinct` (strings)."""

    distinct: pa.LargeStringArray
    offsets: npt.NDArray[np.uint64]
    terms: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def part(self, first: int, last: int) -> QueryBatch:
        """Queries [first, last) with only the distinct terms they use."""
        begin, end = int(self.offsets[first]), int(self.offsets[last])
        used, terms = np.unique(self.terms[begin:end], return_inverse=True)
        offsets = self.offsets[first : last + 1] - self.offsets[first]
        distinct = self.distinct.take(pa.array(used))
        return QueryBatch(distinct, offsets, terms.astype(np.uint32), self.weights[begin:end])

    def chosen(self, queries: npt.NDArray[np.int64]) -> QueryBatch:
        """Some of the queries, with the distinct terms of all."""
        if len(queries) == len(self):
            return self
        begins, ends = self.offsets[:-1].astype(np.int64)[queries], self.offsets[1:].astype(np.int64)[queries]
        offsets = np.concatenate([[0], np.cumsum(ends - begins)])
        places = np.repeat(begins - offsets[:-1], ends - begins) + np.arange(offsets[-1])
        return QueryBatch(self.distinct, offsets.astype(np.uint64), self.terms[places], self.weights[places])

    def term_buffers(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """(bytes, offsets) of the distinct terms."""
        offsets, data = string_buffers(self.distinct)
        return data, offsets


def text_batch(texts: Sequence[str], analysis: Analysis) -> QueryBatch:
    """Texts, analysed as documents are. A term said twice weighs 2."""
    column = pa.array(texts, pa.large_string())
    offsets, data = string_buffers(column)
    ids, ends = analysis.terms(data, offsets)
    term_bytes, term_offsets, terms = analysis.distinct_terms(ids)
    distinct = pa.LargeStringArray.from_buffers(
        len(term_offsets) - 1, pa.py_buffer(term_offsets), pa.py_buffer(term_bytes)
    )
    return QueryBatch(distinct, ends.astype(np.uint64), terms, np.ones(len(ids), np.float64))


def counted_terms(batch: QueryBatch) -> list[dict[str, float]]:
    """The queries as {term: weight}, a term said twice once, in the order of first occurrence."""
    distinct, terms, weights = batch.distinct.to_pylist(), batch.terms.tolist(), batch.weights.tolist()
    queries = []
    for begin, end in pairwise(batch.offsets.tolist()):
        said = [distinct[term] for term in terms[begin:end]]
        counts = dict(zip(said, weights[begin:end], strict=True))
        if len(counts) < len(said):
            counts = dict.fromkeys(said, 0.0)
            for term, weight in zip(said, weights[begin:end], strict=True):
                counts[term] += weight
        queries.append(counts)
    return queries


def weighted_batch(queries: Sequence[TermWeights]) -> QueryBatch:
    """Queries of weighted terms. Raises InvalidArgument for a weight that is no finite number."""
    occurrences = list(chain.from_iterable(queries))
    places = {term: place for place, term in enumerate(dict.fromkeys(occurrences))}
    weights = list(chain.from_iterable(query.values() for query in queries))
    if not set(map(type, places)) <= {str} or not _are_weights(weights):
        _refuse_weights(queries)
    for term in places:
        if not term.isascii():
            check_unicode(term)
    return QueryBatch(
        pa.array(list(places), pa.large_string()),
        np.array(list(accumulate(map(len, queries), initial=0)), np.uint64),
        np.array(list(map(places.__getitem__, occurrences)), np.uint32),
        np.array(weights, np.float64),
    )


def sparse_batch(queries: Sequence[Any], field: str, query_cut: int | None) -> QueryBatch:
    """Weighted tokens to search a sparse field with, the `query_cut` heaviest of each query. Raises InvalidArgument."""
    for query in queries:
        if not isinstance(query, Mapping):
            raise InvalidArgument(
                f"expected {{token: weight}} to search the sparse field {field!r}, found {type(query).__name__}; "
                "encode the query with the model that encoded the documents, or search a text field"
            )
    batch = weighted_batch(queries)
    if query_cut is None:
        return batch
    keep = np.zeros(len(batch.terms), np.bool_)
    for begin, end in pairwise(batch.offsets.tolist()):
        keep[begin + np.argsort(-batch.weights[begin:end], kind="stable")[:query_cut]] = True
    ends = np.concatenate([[0], np.cumsum(keep)])[batch.offsets.astype(np.int64)]
    cut = QueryBatch(batch.distinct, ends.astype(np.uint64), batch.terms[keep], batch.weights[keep])
    return cut.part(0, len(cut))


def heaviest(weights: TermWeights, count: int | None) -> TermWeights:
    """The `count` heaviest terms of a query in its own order, ties by that; all for None."""
    chosen = set(sorted(weights, key=lambda term: -weights[term])[:count])
    return {term: weight for term, weight in weights.items() if term in chosen}


def check_weights(weights: Any) -> None:
    """Raises InvalidArgument for what is no {term: weight} of finite weights."""
    if not isinstance(weights, Mapping):
        raise InvalidArgument(f"expected {{term: weight}}, found {type(weights).__name__}")
    _refuse_weights([weights])
    for term in weights:
        check_unicode(term)


def _refuse_weights(queries: Sequence[TermWeights]) -> None:
    """Raise InvalidArgument for the first entry that is not a term with its weight, if there is one."""
    for query in queries:
        for term, weight in query.items():
            if not isinstance(term, str) or not _is_weight(weight):
                raise InvalidArgument(
                    f"expected terms with weights from -1e30 to 1e30, found {term!r}: {weight!r}; "
                    "for named queries give a list "
                    "of texts and query_ids"
                )


def to_batch(queries: Sequence[Any], analysis: Analysis) -> QueryBatch:
    """All texts or all weighted terms. Raises InvalidArgument."""
    if all(isinstance(query, str) for query in queries):
        for query in queries:
            check_unicode(query)
        return text_batch(queries, analysis)
    if all(isinstance(query, Mapping) for query in queries):
        return weighted_batch(queries)
    kinds = sorted({type(query).__name__ for query in queries})
    raise InvalidArgument(f"expected queries that are all texts or all {{term: weight}}, found {', '.join(kinds)}")


def _are_weights(weights: Sequence[Any]) -> bool:
    """Whether all are weights; quick for plain numbers."""
    if set(map(type, weights)) <= {float, int} and weights:
        return min(weights) >= -MAX_WEIGHT and max(weights) <= MAX_WEIGHT and not isnan(sum(weights))
    return all(map(_is_weight, weights))


def _is_weight(weight: Any) -> bool:
    is_number = type(weight) is float or (
        isinstance(weight, int | float | np.integer | np.floating) and not isinstance(weight, bool)
    )
    return is_number and bool(-MAX_WEIGHT <= weight <= MAX_WEIGHT)  # also false for NaN


def check_unicode(text: str) -> None:
    """Raises InvalidArgument for a str that is no Unicode text."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"expected Unicode text, found a lone surrogate at character {error.start}") from error


def check_alpha(alpha: Any) -> float:
    """How much of a block's bound counts. Raises InvalidArgument."""
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha <= 1:
        raise InvalidArgument(f"expected alpha above 0 and at most 1, found {alpha!r}; 1 is exact, 0.8 is fast")
    return float(alpha)


def check_query_cut(query_cut: Any) -> int | None:
    """How many terms of a query count, None for all. Raises InvalidArgument."""
    if query_cut is None:
        return None
    if isinstance(query_cut, bool) or not isinstance(query_cut, int | np.integer) or query_cut < 1:
        raise InvalidArgument(
            f"expected a query_cut of at least 1, found {query_cut!r}; leave it out to keep all terms"
        )
    return int(query_cut)


def check_k(k: Any) -> int:
    """A usable number of results. Raises InvalidArgument."""
    if isinstance(k, bool) or not isinstance(k, _INTEGERS) or k < 1:
        raise InvalidArgument(f"expected k of at least 1, found {k!r}; it is the number of results wanted")
    return min(int(k), MAX_K)


def query_ids_of(given: Any, count: int) -> list[str]:
    """The names of `count` queries, by default their positions. Raises InvalidArgument."""
    if given is None:
        return [str(position) for position in range(count)]
    if not isinstance(given, Sequence):
        raise InvalidArgument(f"expected query_ids as a list, found {type(given).__name__}")
    if len(set(map(str, given))) < len(given):
        raise InvalidArgument("expected a different query_id for each query, found one twice")
    if len(given) != count:
        raise InvalidArgument(f"expected {count} query_ids, one per query, found {len(given)}")
    return [str(query_id) for query_id in given]


def query_list(queries: Any, schema: Schema) -> list[Any]:
    """Several queries as a list. Raises InvalidArgument for what is none."""
    if hasattr(queries, "__array__") or hasattr(queries, "__dlpack__"):
        names = ", ".join(map(repr, schema.vector_fields))
        raise InvalidArgument(
            f"expected field= with a vector to say what to search, found none; the vector fields are {names}"
            if names
            else "expected a text, {term: weight}, or a list of either, found a vector; there is no vector field"
        )
    if isinstance(queries, bytes) or not isinstance(queries, Iterable):
        raise InvalidArgument(
            f"expected a text, {{term: weight}}, a vector, or a list of one kind, found {type(queries).__name__}"
        )
    return list(queries)


def check_text(text: Any) -> None:
    """Raises InvalidArgument."""
    if not isinstance(text, str):
        raise InvalidArgument(f"expected a text, found {text!r}")
    check_unicode(text)
