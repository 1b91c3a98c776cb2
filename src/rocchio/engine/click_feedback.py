"""Feedback from the click log, for the queries of a plan: those that were logged, and those that are like them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.engine.click_history import ClickHistory, Similarities
from rocchio.engine.feedback_terms import Places
from rocchio.engine.filtering import FilterMasks
from rocchio.engine.plan_query import PlanQuery
from rocchio.feedback import FromClicks, VectorCorocchio, document_weights, mean_weights, same_query
from rocchio.feedback.corocchio import ESTIMATED
from rocchio.types import DocId, Mask

if TYPE_CHECKING:
    from rocchio.engine.plan_source import PlanSource
    from rocchio.engine.snapshot import Snapshot


class ClickFeedback:
    """The log of one snapshot, as one step looks at it."""

    def __init__(self, snapshot: Snapshot, source: PlanSource, method: FromClicks) -> None:
        self._snapshot, self._source, self._method = snapshot, source, method
        self._log: ClickHistory = snapshot.clicks
        self._keys = list(self._log.queries)
        wants = method.propensities == ESTIMATED and self._keys
        self._propensity = method.propensity(self._log.propensities.filled(self._log.depth) if wants else ())

    def places(self, queries: Sequence[PlanQuery], allowed: Sequence[FilterMasks | None]) -> tuple[list[Places], str]:
        """The clicked documents of each query that its filter allows, with their weights as scores, and a note of where
        they are from.
        """
        found: list[Mapping[DocId, float]] = []
        logged = near = 0
        for query in queries:
            own = self._log.queries.get(same_query(query.text)) if query.text is not None else None
            if own is not None:
                found.append(document_weights(own, self._propensity))
                logged += 1
                continue
            parts = [document_weights(self._log.queries[key], self._propensity) for key in self._nearest(query)]
            found.append(mean_weights(parts))
            near += bool(parts)
        note = f"{logged} in the click log, {near} by queries like them"
        return [self._placed(weights, masks) for weights, masks in zip(found, allowed, strict=True)], note

    def _nearest(self, query: PlanQuery) -> list[str]:
        """The logged queries that are most like one that was not logged."""
        method = self._method
        if not method.neighbours or not self._keys:
            return []
        similar = self._similarities(query)
        order = np.argsort(-similar, kind="stable")[: method.neighbours]
        least = max(method.least_similarity, 1e-9)
        return [self._keys[number] for number in order.tolist() if similar[number] >= least]

    def _similarities(self, query: PlanQuery) -> Similarities:
        method = self._method
        if isinstance(method, VectorCorocchio):
            name = self._source.vector_field(method.field)
            if self._snapshot.schema.fields[name].encoder:
                vector = self._source.vectors([query], name)[0]
                if vector is None:
                    return np.zeros(len(self._keys))
                return self._log.vector_similarities(self._snapshot, name, vector)
        words = query.words
        terms = self._snapshot.terms(words) if isinstance(words, str) else dict(words or {})
        return self._log.word_similarities(self._snapshot, terms)

    def _placed(self, weights: Mapping[DocId, float], allowed: FilterMasks | None) -> Places:
        """Where the documents are, the heaviest first, without those that are not in the collection any more, or that
        the filter does not allow.
        """
        order = sorted(weights, key=lambda doc_id: (-weights[doc_id], doc_id))
        wanted = pa.array(order, pa.large_string())
        segments, rows = np.zeros(len(order), np.uint32), np.full(len(order), -1, np.int64)
        for number, segment in enumerate(self._snapshot.segments):
            there = segment.find(wanted)
            if allowed is not None:
                there = np.where(_is_set(allowed.masks[number], there), there, -1)
            segments[there >= 0], rows[there >= 0] = number, there[there >= 0]
        kept = np.flatnonzero(rows >= 0)[: self._method.docs]  # type: ignore[attr-defined]  # all methods have it
        scores = np.array([weights[doc_id] for doc_id in order], np.float64)
        return Places(segments[kept], rows[kept].astype(np.uint32), scores[kept], len(kept))


def _is_set(mask: Mask, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of the rows have their bit set; those below 0 have none."""
    places = np.maximum(rows, 0)
    found: npt.NDArray[np.bool_] = (rows >= 0) & ((mask[places // 8] >> (places % 8).astype(np.uint8) & 1) == 1)
    return found
