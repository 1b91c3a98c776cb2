"""Groups of documents with like vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rocchio._native import VectorTransform
from rocchio.dense.clustering import k_means, nearest
from rocchio.dense.index_writer import SEED_VALUE, encode, mean_of
from rocchio.dense.reference import unpacked
from rocchio.engine.vector_view import VectorView, one_vector_each
from rocchio.errors import InvalidArgument

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

SAMPLED_ROWS = 256
"""Documents for each centroid that k-means looks at, at most, as many as faiss takes."""


@dataclass(frozen=True)
class Clusters:
    """Document doc_ids[i] is in the group labels[i].

    `labels` int32 (n,), from 0; `centroids` float32 (count, dim), the means of the groups, of directions under cosine,
    zeros where a group is empty; `sizes` int64 (count,); `inertia` is the sum of squared distances to them.
    """

    doc_ids: list[str]
    labels: npt.NDArray[np.int32]
    centroids: npt.NDArray[np.float32]
    sizes: npt.NDArray[np.int64]
    inertia: float


def clusters(
    snapshot: Snapshot,
    name: str,
    count: int,
    rounds: int,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> Clusters:
    """k-means by codes of eight bits a dimension (Lloyd's rounds on a sample), and means of the vectors themselves."""
    view = one_vector_each(snapshot, name)
    there = [_live(view, number) for number in range(len(view.segments))]
    live = np.flatnonzero(np.concatenate([np.empty(0, np.bool_), *there])).astype(np.uint32)
    if not len(live):
        raise InvalidArgument(f"expected documents with a vector in the field {name!r}, found none")
    _check("count", count, 1, len(live), "the live documents with a vector")
    _check("rounds", rounds, 1, 1000, "a thousand")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InvalidArgument(f"expected seed as a number from 0, found {seed!r}")
    mean = mean_of(_blocks(view, there), snapshot.schema.fields[name])
    transform = VectorTransform(view.metric, len(mean), SEED_VALUE, mean)
    coded = encode(_blocks(view, there), sum(map(len, there)), transform)
    done = iter(range(1, rounds + 1))
    centroids = k_means(
        coded,
        live,
        count,
        seed,
        sampled_rows=[SAMPLED_ROWS] * rounds,
        advance=lambda: progress(next(done), rounds) if progress is not None else None,
    )
    labels = nearest(coded, live, centroids)
    sizes = np.bincount(labels, minlength=count)
    means, squares = _sums(view, there, labels, count)
    means /= np.maximum(sizes, 1)[:, None]
    # sum |x - m|^2 = sum |x|^2 - n |m|^2
    inertia = float(max(0.0, squares - (sizes * (means**2).sum(axis=1)).sum()))
    return Clusters(_doc_ids(view, there), labels.astype(np.int32), means.astype(np.float32), sizes, inertia)


def _live(view: VectorView, number: int) -> npt.NDArray[np.bool_]:
    """Which rows of a segment are live and have a vector."""
    segment, live = view.segments[number], view.live[number]
    present = segment.originals.is_present
    return present if live is None else present & unpacked(live, segment.rows)


def _blocks(
    view: VectorView, there: list[npt.NDArray[np.bool_]]
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]:
    """All rows in order, some thousand at a time, and which of them count."""
    for segment, live in zip(view.segments, there, strict=True):
        first = 0
        for vectors, _ in segment.originals.blocks():
            yield vectors, live[first : first + len(vectors)]
            first += len(vectors)


def _sums(
    view: VectorView, there: list[npt.NDArray[np.bool_]], labels: npt.NDArray[np.uint32], count: int
) -> tuple[npt.NDArray[np.float64], float]:
    """The sum of the vectors of each group (count, dim), and of all their squares."""
    sums, squares, first = np.zeros((count, view.segments[0].originals.dim)), 0.0, 0
    for vectors, live in _blocks(view, there):
        values = vectors[live].astype(np.float64)
        if view.metric == "cosine":
            values /= np.linalg.norm(values, axis=1, keepdims=True)
        squares += float((values**2).sum())
        of_rows = labels[first : first + len(values)]
        first += len(values)
        order = np.argsort(of_rows, kind="stable")
        groups, begins = np.unique(of_rows[order], return_index=True)
        if len(groups):
            sums[groups] += np.add.reduceat(values[order], begins, axis=0)
    return sums, squares


def _doc_ids(view: VectorView, there: list[npt.NDArray[np.bool_]]) -> list[str]:
    segments = np.repeat(np.arange(len(there), dtype=np.uint32), [int(live.sum()) for live in there])
    rows = np.concatenate([np.empty(0, np.uint32), *(np.flatnonzero(live).astype(np.uint32) for live in there)])
    return list(view.names.doc_ids(segments, rows))


def _check(what: str, value: Any, least: int, most: int, which: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise InvalidArgument(f"expected {what} from {least} to {most:,}, {which}, found {value!r}")
