"""The analysis of queries, which all who search a snapshot share: one at a time, within bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from rocchio._native import QueryTerms
from rocchio.analysis import Analysis, Analyzer
from rocchio.engine.queries import QueryBatch, check_text, to_batch

_TABLE_BYTES = 64 << 20


class QueryAnalysis:
    """Turns texts into terms as documents are. Any number of threads may share it."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analysis, self._lock = Analysis(analyzer), threading.Lock()

    def batch(self, queries: Sequence[Any]) -> QueryBatch:
        """Texts, or {term: weight}, as arrays for the kernels. Raises InvalidArgument."""
        with self._lock:
            return to_batch(queries, self._bounded())

    def ready_terms(self, text: str) -> QueryTerms | None:
        """A text's terms as `SearchQueue` takes them; None while another thread analyses, for which one would have to
        wait. Raises InvalidArgument."""
        check_text(text)
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._bounded().ready_terms(text)
        finally:
            self._lock.release()

    def terms(self, text: str) -> dict[str, float]:
        """Each term with how often it occurs, in order of appearance. Raises InvalidArgument."""
        check_text(text)
        with self._lock:
            return self._analysis.query_terms(text)

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where terms stand: (start, end, term) in characters. Raises InvalidArgument."""
        check_text(text)
        with self._lock:
            return self._analysis.spans(text)

    def _bounded(self) -> Analysis:
        if self._analysis.memory_bytes > _TABLE_BYTES:
            self._analysis.reset()
        return self._analysis
