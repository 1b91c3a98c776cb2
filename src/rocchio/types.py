"""The vocabulary shared by all layers: `Hit`, `Run`, `Qrels`, `Mask`.

`doc_id` is the user's key (str); `row` is an internal number of a segment; the two are never mixed.
A `score` is larger-is-better, always.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from rocchio.errors import InvalidArgument, StorageFailure

DocId: TypeAlias = str
QueryId: TypeAlias = str
Mask: TypeAlias = npt.NDArray[np.uint8]
"""Packed bits over the rows of one segment, least significant bit first (`np.packbits(bitorder="little")`)."""

Qrels: TypeAlias = Mapping[QueryId, Mapping[DocId, int]]
"""Relevance judgements: query id -> doc_id -> grade (0 = judged not relevant)."""

Topics: TypeAlias = Mapping[QueryId, str]
"""Queries of an experiment: query id -> text, in file order."""


@dataclass(frozen=True, slots=True)
class TermContribution:
    """What one query term adds to a document's score.

    `term` as indexed; `weight` of the term in the query; `tf` per text field, or the impact in a sparse field; `df`
    documents of the collection that contain the term; `idf`, 1 in a sparse field; `score` added to the total
    (`weight * idf * tf part`, `weight * impact / scale` in a sparse field).
    """

    term: str
    weight: float
    tf: Mapping[str, int]
    df: int
    idf: float
    score: float


@dataclass(frozen=True, slots=True)
class VectorMatch:
    """What a score under a vector metric comes from.

    `metric` is cosine, ip or l2; `dot` the dot product of query and document, `query_norm` and `norm` their lengths,
    `distance` the Euclidean distance between them.
    """

    metric: str
    dot: float
    query_norm: float
    norm: float
    distance: float


@dataclass(frozen=True, slots=True)
class ListPart:
    """What one of several ranked lists adds to a fused score.

    `name` is `text` or that of a field; `rank` from 1 and `score` are those in the list, None where it lacks the
    document; `added` is what the fusion makes of it, weight included; `why` explains the score.
    """

    name: str
    rank: int | None
    score: float | None
    added: float
    why: Explanation | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score, term by term: `score` is the float32 sum of the contributions plus `constant`.

    For a vector field there are no terms, but a `vector` that says how the two vectors lie to each other. For a query
    of several parts there are `lists`, one for each part, and `score` is the float32 sum of what they add.

    `constant` is what BM25L and BM25+ give every document for the query; 0 for the other variants.
    `length` is the document's boosted length in tokens, `average_length` the collection's; both are 0 for a sparse
    field, whose scores do not depend on lengths.
    """

    doc_id: DocId
    score: float
    scoring: str
    terms: tuple[TermContribution, ...]
    constant: float
    length: float
    average_length: float
    vector: VectorMatch | None = None
    lists: tuple[ListPart, ...] = ()

    def __str__(self) -> str:
        """A line per term and one for the sum."""
        lines = [
            f"{part.score:9.4f}  {part.term}: weight {part.weight:g}, idf {part.idf:.3f}, in {part.df:,} documents, "
            + ", ".join(f"{count} in {name}" for name, count in part.tf.items())
            for part in self.terms
        ]
        if self.vector is not None:
            match = self.vector
            lines.append(
                f"           dot {match.dot:g}, lengths {match.query_norm:g} (query) and {match.norm:g}, "
                f"distance {match.distance:g}"
            )
        for part in self.lists:
            place = f"rank {part.rank}, score {part.score:g}" if part.rank is not None else "not in its list"
            lines.append(f"{part.added:9.4f}  {part.name}: {place}")
        lines += [f"{self.constant:9.4f}  to every document"] if self.constant else []
        place = f", {self.length:g} tokens, {self.average_length:.1f} on average" if self.average_length else ""
        return "\n".join([*lines, f"{self.score:9.4f}  {self.doc_id}: {self.scoring}{place}"])


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document's text: `text` is `fields[field][start:end]`, in characters, without white space around."""

    field: str
    text: str
    start: int
    end: int


class HitDetails(Protocol):
    """What the hits of one search tell when they are asked; each hit hands over its `place`, whatever that is there."""

    def fields(self, place: Any) -> dict[str, Any]:
        """See `Hit.fields`."""

    def passage(self, place: Any) -> Passage | None:
        """See `Hit.passage`."""

    def vector(self, place: Any, field: str) -> npt.NDArray[Any] | None:
        """See `Hit.vector`."""

    def explain(self, place: Any) -> Explanation:
        """See `Hit.why`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: `doc_id`, `score`; `fields`, `passage`, `vector()` and `why()` are fetched when asked for."""

    doc_id: DocId
    score: float
    _details: HitDetails = field(repr=False, compare=False)
    _place: Any = field(repr=False, compare=False)

    @property
    def fields(self) -> dict[str, Any]:
        """The stored fields of the document, without its doc_id and without vectors."""
        return self._details.fields(self._place)

    @property
    def passage(self) -> Passage | None:
        """The passage that the document was found by, its best one; None where documents are not split, or where what
        was searched belongs to the whole document."""
        return self._details.passage(self._place)

    def vector(self, field: str) -> npt.NDArray[Any] | None:
        """The document's vector (dim,) in the vector field `field`, as it is stored; None if it has none.

        Where passages have vectors of their own, that of the hit's `passage`.
        """
        return self._details.vector(self._place, field)

    def why(self) -> Explanation:
        """The score explained, term by term."""
        return self._details.explain(self._place)


@dataclass(frozen=True, eq=False, repr=False)
class Run(Sequence["list[tuple[DocId, float]]"]):
    """Columnar results of many queries.

    `query_ids[i]`, `doc_ids[i]` (best first) and `scores[i]` (float32 array of the same length) belong together.
    Fewer than k answers for a query is a normal result. Ties are ordered by doc_id.
    """

    query_ids: Sequence[QueryId]
    doc_ids: Sequence[Sequence[DocId]]
    scores: Sequence[npt.NDArray[np.float32]]
    name: str = "rocchio"

    def __post_init__(self) -> None:
        if not len(self.query_ids) == len(self.doc_ids) == len(self.scores):
            raise InvalidArgument(
                f"a run needs as many doc_ids and scores as query_ids, found {len(self.query_ids)} query_ids, "
                f"{len(self.doc_ids)} doc_ids, {len(self.scores)} scores"
            )

    def __len__(self) -> int:
        return len(self.query_ids)

    def __repr__(self) -> str:
        return f"<rocchio.Run {self.name!r}: {len(self)} queries, {sum(map(len, self.scores))} hits>"

    def __getitem__(self, index: Any) -> Any:
        """(doc_id, score) pairs of query `index`, best first; for a slice, the run of those queries."""
        if isinstance(index, slice):
            return Run(self.query_ids[index], self.doc_ids[index], self.scores[index], self.name)
        return list(zip(self.doc_ids[index], self.scores[index].tolist(), strict=True))

    def items(self) -> Iterator[tuple[QueryId, list[tuple[DocId, float]]]]:
        """Query id and its (doc_id, score) pairs, best first."""
        for index, query_id in enumerate(self.query_ids):
            yield query_id, self[index]

    def to_arrow(self) -> Any:
        """A `pyarrow.Table` with columns query_id, doc_id, score (float32), rank (int32, from 0)."""
        import pyarrow as pa

        counts = [len(scores) for scores in self.scores]
        ranks = [np.arange(n, dtype=np.int32) for n in counts]
        return pa.table(
            {
                "query_id": pa.array(np.repeat(np.array(self.query_ids, dtype=object), counts), pa.string()),
                "doc_id": pa.array([doc_id for ids in self.doc_ids for doc_id in ids], pa.string()),
                "score": pa.array(np.concatenate([*self.scores, np.empty(0, np.float32)]), pa.float32()),
                "rank": pa.array(np.concatenate([*ranks, np.empty(0, np.int32)]), pa.int32()),
            }
        )

    def to_trec(self, path: str | Path) -> None:
        """Write the six-column TREC format: query_id Q0 doc_id rank score name; ranks count from 1.

        Raises InvalidArgument for an id with white space, which the format cannot hold, and StorageFailure.
        """
        for name in (*self.query_ids, *(doc_id for ids in self.doc_ids for doc_id in ids), self.name):
            if not name or name.split() != [name]:
                raise InvalidArgument(f"expected ids without white space for a TREC run, found {name!r}; use to_arrow")
        try:
            with Path(path).open("w", encoding="utf-8") as out:
                for query_id, hits in self.items():
                    for rank, (doc_id, score) in enumerate(hits, start=1):
                        # str of the float32 value: parses back to exactly the score that ranked it
                        out.write(f"{query_id} Q0 {doc_id} {rank} {np.float32(score)!s} {self.name}\n")
        except OSError as error:
            raise StorageFailure(error.errno or 0, f"cannot write the run {path}: {error.strerror}") from error
