"""The click log of a snapshot, read when it is first needed, and what is computed from it."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from rocchio.engine.plan_query import unit
from rocchio.errors import Corruption
from rocchio.feedback import PropensityEstimate, QueryClicks, by_query, estimate_propensities, same_query
from rocchio.lexical.scoring import Bm25
from rocchio.storage.append_log import LogEntry
from rocchio.storage.click_log import Impression, read_clicks
from rocchio.storage.directory import Directory

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

Similarities = npt.NDArray[np.float64]


class ClickHistory:
    """What the log had when the snapshot was taken. Any number of threads may share it."""

    def __init__(self, directory: Directory, entry: LogEntry, previous: ClickHistory | None = None) -> None:
        self.entry, self._directory = entry, directory
        # behind an older state of the log only the new lines are read
        self._previous: ClickHistory | None = previous if previous is None or previous.is_read else previous._previous
        self._lock = threading.RLock()
        self._vectors: dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]] = {}
        self._word_rows: tuple[dict[str, int], csr_matrix] | None = None

    @property
    def is_read(self) -> bool:
        """Whether the log was needed so far."""
        return "impressions" in self.__dict__

    @cached_property
    def impressions(self) -> list[Impression]:
        """All of them, in the order of the log. Raises Corruption."""
        with self._lock:
            before, self._previous = self._previous, None
            if before is not None and before.entry.name == self.entry.name and before.entry.size <= self.entry.size:
                try:
                    return before.impressions + read_clicks(self._directory, self.entry, before.entry)
                except Corruption:
                    pass  # perhaps it is another log by now
            return read_clicks(self._directory, self.entry)

    @property
    def query_count(self) -> int:
        """Different queries, also those without a click."""
        return len({same_query(impression.query) for impression in self.impressions})

    @cached_property
    def queries(self) -> dict[str, QueryClicks]:
        """Clicks by query, of those that have any."""
        with self._lock:
            return {key: query for key, query in by_query(self.impressions).items() if query.clicks}

    @cached_property
    def propensities(self) -> PropensityEstimate:
        """As the log tells them. Raises InvalidArgument for one that does not."""
        with self._lock:
            return estimate_propensities(self.impressions)

    @cached_property
    def depth(self) -> int:
        """The deepest rank that was shown."""
        return max((len(impression.shown) for impression in self.impressions), default=0)

    @cached_property
    def _texts(self) -> list[str]:
        return [query.query for query in self.queries.values()]

    def vector_similarities(self, snapshot: Snapshot, name: str, vector: np.ndarray) -> Similarities:
        """Cosines of a query's vector (dim,) with those of the logged queries, in the field's encoder; (queries,)."""
        with self._lock:
            if name not in self._vectors:
                matrix, present, _ = snapshot.query_vectors(self._texts, name)
                self._vectors[name] = unit(matrix), present
        matrix, present = self._vectors[name]
        found: Similarities = np.where(present, matrix @ unit(vector), 0.0).astype(np.float64)
        return found

    def word_similarities(self, snapshot: Snapshot, words: dict[str, float]) -> Similarities:
        """Cosines of a query's words with those of the logged queries, by tf * idf; float64 (queries,)."""
        with self._lock:
            columns, matrix = self._words(snapshot)
        asked = np.zeros(matrix.shape[1])
        known = [term for term in words if term in columns]
        if not known:
            return np.zeros(matrix.shape[0])
        idf = _idf(snapshot, list(words))
        norm = np.linalg.norm([weight * idf[term] for term, weight in words.items()])
        for term in known:
            asked[columns[term]] = words[term] * idf[term] / (norm or 1.0)
        found: Similarities = matrix @ asked
        return found

    def _words(self, snapshot: Snapshot) -> tuple[dict[str, int], csr_matrix]:
        """The logged queries as rows of unit length, and the column of each term."""
        if self._word_rows is None:
            texts = [snapshot.terms(text) for text in self._texts]
            columns = {term: number for number, term in enumerate(dict.fromkeys(t for terms in texts for t in terms))}
            idf = _idf(snapshot, list(columns))
            values, places, ends = [], [], [0]
            for terms in texts:
                weights = np.array([count * idf[term] for term, count in terms.items()])
                values.append(weights / (np.linalg.norm(weights) or 1.0))
                places += [columns[term] for term in terms]
                ends.append(len(places))
            data = np.concatenate([*values, np.empty(0)])
            self._word_rows = columns, csr_matrix((data, places, ends), (len(texts), max(1, len(columns))))
        return self._word_rows


class TenantClicks(ClickHistory):
    """What users of one tenant have seen and clicked."""

    def __init__(self, whole: ClickHistory, tenant: str) -> None:
        super().__init__(whole._directory, whole.entry)
        self._whole, self._tenant = whole, tenant

    @cached_property
    def impressions(self) -> list[Impression]:
        """Those of the tenant, in the order of the log. Raises Corruption."""
        return [impression for impression in self._whole.impressions if impression.tenant == self._tenant]


def _idf(snapshot: Snapshot, terms: list[str]) -> dict[str, float]:
    """Of terms; those that no document has are the rarest."""
    searcher, documents = snapshot.searcher(Bm25(), snapshot.schema.text_fields), len(snapshot.counted)
    return {term: searcher.idf(documents, searcher.document_frequency(term)) for term in terms}
