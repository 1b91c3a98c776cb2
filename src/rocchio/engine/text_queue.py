"""Texts among the words of text fields, searched by threads that never wait for the interpreter's lock; nor does
whoever asks wait for them, which suits an event loop."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

from rocchio._native import Searcher, SearchQueue
from rocchio.engine.queries import check_k
from rocchio.engine.search_options import as_scoring
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
        given = self._queue, self._threads, (self._told, self._tell), os.getpid()
        self._end = weakref.finalize(self, _end, *given)  # at the latest when Python ends
        self._searchers: weakref.WeakKeyDictionary[Snapshot, dict[tuple[str | None, str | None], Searcher | None]]
        self._searchers = weakref.WeakKeyDictionary()

    def ask(self, asker: Any, snapshot: Snapshot, text: str, k: int, field: str | None, scoring: str | None) -> bool:
        """Have the best k documents searched for `asker`, which `take` will return with the answer.

        False if it takes more than the kernels to find them, if the analyzer is busy, or if nobody has searched the
        snapshot in this way yet, so that something has to be made first: then nobody searches. Raises InvalidArgument.
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

    def close(self) -> list[tuple[Any, bytes | None]]:
        """End the threads; what was not taken yet. None for what still waited, which is not searched."""
        return self._end() or []

    def _searcher(self, snapshot: Snapshot, field: str | None, scoring: str | None) -> Searcher | None:
        known = self._searchers.setdefault(snapshot, {})
        if (field, scoring) in known:
            return known[field, scoring]
        if not _needs_only_kernels(snapshot, field):
            found = None
        elif (found := snapshot.known_searcher(as_scoring(scoring), field)) is None:
            return None  # to make one, lengths of all rows may have to be read
        elif snapshot.analyzer.function is not None:
            found = None
        if len(known) >= _KNOWN:
            known.clear()
        known[field, scoring] = found
        return found


def _needs_only_kernels(snapshot: Snapshot, field: str | None) -> bool:
    """Whether there is no more to a search: no vectors, passages, or documents of other tenants."""
    schema = snapshot.schema
    return searches_words(schema, field) and schema.split_field is None and snapshot.counted is snapshot


def _end(
    queue: SearchQueue, threads: list[threading.Thread], pipe: tuple[int, int], process: int
) -> list[tuple[Any, bytes | None]]:
    if os.getpid() != process:
        return []  # a fork has no threads, and may have a lock that one of them held
    queue.close()
    for thread in threads:
        thread.join()
    for end in pipe:
        os.close(end)
    return queue.take()
