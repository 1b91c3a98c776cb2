"""bm25s with its numba backend: scores computed at indexing time, every posting of a query's terms is added.

It has no weights: weighted queries are searched as their terms, each once, which reads the same lists. Queries are
given as its own term ids, the form it takes fastest, and a term said twice is given twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data import Query, Source, whole_texts
from peers.engine import K1, B, Engine

os.environ.setdefault("NUMBA_NUM_THREADS", "1")


def build(source: Source, folder: Path) -> dict[str, float]:
    """Tokenise, index, save."""
    import bm25s
    import Stemmer

    texts = whole_texts(source.documents()).to_pylist()
    started = time.perf_counter()
    tokens = bm25s.tokenize(texts, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False)
    seconds = time.perf_counter() - started
    index = bm25s.BM25(k1=K1, b=B, backend="numba")
    index.index(tokens, show_progress=False)
    index.save(folder, show_progress=False)
    return {"analysis": seconds}


class OpenedBm25s:
    """A loaded index."""

    def __init__(self, folder: Path, source: Source) -> None:
        del source
        import bm25s

        self.index = bm25s.BM25.load(folder)
        if self.index.backend != "numba":
            self.index.backend = "numba"
            self.index.activate_numba_scorer()

    def prepare(self, queries: Sequence[Query], k: int) -> list[list[int]]:
        """Term ids; the empty term where a query has none that is known."""
        del k
        known = self.index.vocab_dict
        prepared = []
        for query in queries:
            times = {term: 1 if query.text is None else weight for term, weight in query.terms.items()}
            ids = [known[term] for term, count in times.items() if term in known for _ in range(count)]
            prepared.append(ids or [known[""]])
        return prepared

    def search(self, prepared: list[list[int]], k: int) -> Any:
        """(document numbers, scores), arrays of queries x k."""
        return self.index.retrieve(prepared, k=k, n_threads=0, show_progress=False)

    def rows(self, found: Any, prepared: list[list[int]], k: int) -> list[list[int]]:
        """The document numbers."""
        del prepared, k
        return found.documents.tolist()


ENGINE = Engine(
    name="bm25s",
    modules=("bm25s", "numba", "Stemmer"),
    packages=("bm25s", "numba"),
    build=build,
    open=OpenedBm25s,
    index_files=("*.npy", "vocab.index.json"),
    bytes_per_posting=8.0,
    build_threads=1,
    includes="build: its own tokenizer (one thread, as is its indexing), indexing, saving; no documents stored. "
    "Search: term ids in, document numbers out; weighted queries without their weights.",
)
