"""Where the documents of feedback are: the first of a run, its last, marked ones, random ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.dense.reference import unpacked
from rocchio.engine.execution import DocIds
from rocchio.engine.feedback_terms import Places
from rocchio.engine.filtering import FilterMasks
from rocchio.engine.queries import check_unicode
from rocchio.errors import InvalidArgument
from rocchio.pipelines import Marks, Refine
from rocchio.types import DocId, Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

_Located = tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]


class FeedbackPlaces:
    """Finds documents of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def of(self, run: Run, step: Refine, marks: Sequence[Marks] | None) -> list[Places]:
        """The feedback of each query of a run for a step. Marks take the place of what the run would give.

        Raises InvalidArgument for marks of documents that are not there.
        """
        docs, bottom = step.method.docs, step.method.bottom
        places = []
        for number in range(len(run)):
            marked = marks[number] if marks is not None else Marks()
            if marked.relevant or marked.not_relevant:
                places.append(self._marked(run, number, docs, marked))
                continue
            segments, rows = self.located(run, number)
            scores = run.scores[number].astype(np.float64)
            first = min(docs, len(rows))
            if first == len(rows):
                places.append(Places(segments, rows, scores, first))
                continue
            if bottom:
                chosen = np.concatenate([np.arange(first), np.arange(max(first, len(rows) - bottom), len(rows))])
                places.append(Places(segments[chosen], rows[chosen], scores[chosen], first))
            else:  # without copies: this is the common case
                places.append(Places(segments[:first], rows[:first], scores[:first], first))
        return places

    def located(self, run: Run, number: int) -> _Located:
        """(segments, rows) of the documents of a query, best first."""
        if isinstance(run.doc_ids, DocIds):
            return run.doc_ids.places(number)
        return self._find(run.doc_ids[number])

    def _marked(self, run: Run, number: int, docs: int, marks: Marks) -> Places:
        """Marked documents count alike. Without relevant ones, the first of the run that are not marked are those."""
        for doc_id in (*marks.relevant, *marks.not_relevant):
            if not isinstance(doc_id, str):
                raise InvalidArgument(f"expected doc_ids as strings in marks, found {doc_id!r}")
            check_unicode(doc_id)
        both = set(marks.relevant) & set(marks.not_relevant)
        if both:
            raise InvalidArgument(f"expected marks that agree, found {sorted(both)[0]!r} relevant and not relevant")
        relevant = list(dict.fromkeys(marks.relevant))
        if not relevant:
            refused = set(marks.not_relevant)
            relevant = [doc_id for doc_id in run.doc_ids[number] if doc_id not in refused][:docs]
        refused_ids = list(dict.fromkeys(marks.not_relevant))
        segments, rows = self._find([*relevant, *refused_ids])
        self._use_found(run, number, [*relevant, *refused_ids], rows)
        return Places(segments, rows, np.ones(len(rows)), len(relevant))

    def _use_found(self, run: Run, number: int, doc_ids: Sequence[DocId], rows: npt.NDArray[np.uint32]) -> None:
        """Put the passages that the run has found in the place of the documents' first ones."""
        if self._snapshot.schema.split_field is None or not isinstance(run.doc_ids, DocIds):
            return
        found = dict(zip(run.doc_ids[number], run.doc_ids.places(number)[1].tolist(), strict=True))
        rows[:] = [found.get(doc_id, row) for doc_id, row in zip(doc_ids, rows.tolist(), strict=True)]

    def of_documents(self, places: Places) -> Places:
        """The first rows of the documents at these places, where the weights of whole documents are."""
        pairs = zip(places.segments.tolist(), places.rows.tolist(), strict=True)
        rows = [self._snapshot.segments[segment].rows_of(row)[0] for segment, row in pairs]
        return places._replace(rows=np.array(rows, np.uint32))

    def _find(self, doc_ids: Sequence[DocId]) -> _Located:
        """Places of documents. Raises InvalidArgument for those that are not there."""
        wanted = pa.array(list(doc_ids), pa.large_string())
        segments, rows = np.zeros(len(doc_ids), np.uint32), np.full(len(doc_ids), -1, np.int64)
        for number, segment in enumerate(self._snapshot.segments):
            there = segment.find(wanted)
            segments[there >= 0], rows[there >= 0] = number, there[there >= 0]
        if (rows < 0).any():
            missing = [doc_ids[place] for place in np.flatnonzero(rows < 0).tolist()]
            raise InvalidArgument(
                f"expected marks of documents in the collection, found {len(missing)} that are not there: "
                + ", ".join(map(repr, missing[:5]))
            )
        return segments, rows.astype(np.uint32)

    def _usable(self, allowed: FilterMasks | None) -> list[npt.NDArray[np.bool_]]:
        """By segment: which rows may be drawn (rows,)."""
        segments = self._snapshot.segments
        if allowed is None:
            return [~segment.tombstones.is_deleted for segment in segments]
        return [unpacked(mask, segment.rows) for mask, segment in zip(allowed.masks, segments, strict=True)]

    def with_pool(self, places: Places, size: int, seed: int, allowed: FilterMasks | None) -> Places:
        """The same and `size` other live documents, or all, drawn from `seed`; they depend on how rows are stored.

        With a filter only those that it allows.
        """
        bounds = np.cumsum([0, *(segment.rows for segment in self._snapshot.segments)])
        live = np.concatenate(self._usable(allowed))
        live[bounds[places.segments] + places.rows] = False
        candidates = np.flatnonzero(live)
        drawn = np.sort(np.random.default_rng(seed).permutation(candidates)[:size])
        segments = (np.searchsorted(bounds, drawn, side="right") - 1).astype(np.uint32)
        rows = (drawn - bounds[segments]).astype(np.uint32)
        return Places(
            np.concatenate([places.segments, segments]),
            np.concatenate([places.rows, rows]),
            np.concatenate([places.scores, np.zeros(len(rows))]),
            places.positive,
        )
