"""Texts among the words of text fields, searched by threads that never wait for the interpreter's lock; nor does
whoever asks wait for them, which suits an event loop."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

from rocchio._native import Searcher, SearchQueue
from rocchio.engine.queries import check_k
from rocchio.engine.snapshot import Snapshot
from rocchio.engine.text_search import searches_words

_MOST = 16
"""Texts that a thread takes at once: handing over many costs less for each, but the first waits for the last."""
_PATIENCE_S = 0.005
"""So long a batch may take before threads begin that whoever asks has no processor left beside."""
_KNOWN = 16
"""Searchers of a snapshot that are remembered; those of `Snapshot.searcher` are as many."""


class TextQueue:
    """Answers are the hits as JSON, [{"doc_id": ..., "score": ...}, ...], best first, as of `Snapshot.search`.

    One thread asks and takes. `fileno` is readable when answers wait. `threads` are the processors to use.
    """

    def __init__(self, threads: int) -> None:
        self._told, self._tell = os.pipe()
        at_once = max(1, threads - 1)  # one processor is for whoever asks
        self._queue = SearchQueue(self._tell, _MOST, at_once, _PATIENCE_S)
        self._threads = [
            threading.Thread(target=self._queue.work, name=f"texts_{number}", daemon=True)
            for number in range(at_once + 1)
        ]
        for thread in self._threads:
            thread.start()
        self._searchers: weakref.WeakKeyDictionary[Snapshot, dict[tuple[str | None, str | None], Searcher | None]]
        self._searchers = weakref.WeakKeyDictionary()

    def ask(self, asker: Any, snapshot: Snapshot, text: str, k: int, field: str | None, scoring: str | None) -> bool:
        """Have the best k documents searched for `asker`, which `take` will return with the answer.

        False if it takes more than the kernels to find them, or if the analyzer is busy: then nobody searches.
        Raises InvalidArgument.
        """
        searcher = self._searcher(snapshot, field, scoring)
        terms = None if searcher is None else snapshot.analysis.ready_terms(text)
        if searcher is None or terms is None:
            return False
        self._queue.ask(asker, searcher, terms, check_k(k))
        return True

    def fileno(self) -> int:
        """What a selector waits for."""
        return self._told

    def take(self) -> list[tuple[Any, bytes | None]]:
        """(asker, answer) of all that were searched since the last call; None where a search failed, which
        `Snapshot.search` will tell the reason of. Waits until there is one."""
        os.read(self._told, 1)
        return self._queue.take()

    def close(self) -> None:
        """End the threads. What still waits is not searched."""
        self._queue.close()
        for thread in self._threads:
            thread.join()
        os.close(self._told)
        os.close(self._tell)

    def _searcher(self, snapshot: Snapshot, field: str | None, scoring: str | None) -> Searcher | None:
        known = self._searchers.setdefault(snapshot, {})
        if (field, scoring) not in known:
            if len(known) >= _KNOWN:
                known.clear()
            known[field, scoring] = _only_searcher(snapshot, field, scoring)
        return known[field, scoring]


def _only_searcher(snapshot: Snapshot, field: str | None, scoring: str | None) -> Searcher | None:
    """The kernels' view, None where there is more to a search: vectors, passages, other tenants' documents, a function
    that analyses."""
    schema = snapshot.schema
    is_words = searches_words(schema, field) and snapshot.analyzer.function is None
    if not is_words or schema.split_field is not None:
        return None
    view, _ = snapshot.view({"field": field, "scoring": scoring})
    return None if view.allowed else view.searcher
