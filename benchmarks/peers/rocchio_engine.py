"""rocchio, through the calls its users make."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data import ANALYZER, Query, Source
from peers.engine import K1, B, Engine


def build(source: Source, folder: Path) -> dict[str, float]:
    """Analyse, index, store the documents, commit, merge the segments into one."""
    import rocchio

    documents = source.documents()
    fields = {name: rocchio.text() for name in documents.column_names if name != "doc_id"}
    col = rocchio.create(folder, fields=fields, analyzer=ANALYZER)
    col.add(documents)
    col.commit()
    col.compact()
    return {}


class OpenedRocchio:
    """A collection, and the row of each doc_id in the input."""

    def __init__(self, folder: Path, source: Source) -> None:
        import rocchio

        self.col = rocchio.open(folder)
        self.scoring = rocchio.Bm25(K1, B)
        self._source = source
        self._row_of: dict[str, int] = {}

    def prepare(self, queries: Sequence[Query], k: int) -> list[Any]:
        """Texts where there are texts, weighted terms elsewhere."""
        del k
        return [query.terms if query.text is None else query.text for query in queries]

    def search(self, prepared: list[Any], k: int, **options: Any) -> Any:
        """A Run; a list of hits for a single query."""
        asked = prepared[0] if len(prepared) == 1 else prepared
        return self.col.search(asked, k=k, scoring=self.scoring, **options)

    def rows(self, found: Any, prepared: list[Any], k: int) -> list[list[int]]:
        """Places in the input of the doc_ids found."""
        del prepared, k
        if not self._row_of:
            self._row_of = {d: i for i, d in enumerate(self._source.documents()["doc_id"].to_pylist())}
        return [[self._row_of[doc_id] for doc_id in ids] for ids in found.doc_ids]


@dataclass(frozen=True)
class Touched:
    """What a search reads, mean per query: postings and bytes of postings."""

    postings: float
    size_bytes: float


def listed_postings(opened: OpenedRocchio, queries: Sequence[Query]) -> float:
    """Postings in the lists of a query's terms, mean: what an exhaustive search reads."""
    searcher = opened.col.snapshot().searcher(opened.scoring, None)
    df = {term: searcher.document_frequency(term) for query in queries for term in query.terms}
    return sum(df[term] for query in queries for term in query.terms) / len(queries)


def touched(opened: OpenedRocchio, queries: Sequence[Query], k: int) -> Touched:
    """What rocchio reads, by its own counters: postings added one by one or looked up in a block, bytes of columns."""
    searcher = opened.col.snapshot().searcher(opened.scoring, None)
    before = searcher.work
    opened.search(opened.prepare(queries, k), k)
    postings, size_bytes = (after - earlier for after, earlier in zip(searcher.work, before, strict=True))
    return Touched(postings / len(queries), size_bytes / len(queries))


ITEM_BYTES = {"u1": 1, "u4": 4, "u8": 8}
PARTS = {"forward": "terms by document, for feedback", "doc_id": "doc_ids and their order"}
"""What arrays of an index are for, by how their names begin; all others are lists, terms and lengths."""


def index_parts(folder: Path) -> dict[str, int]:
    """Bytes of the index by what they are for (docs/formats/array-file.md, lexical.md)."""
    found: dict[str, int] = {}
    for path in folder.rglob("index.arrays"):
        data = path.read_bytes()
        (length,) = struct.unpack_from("<Q", data, len(data) - 16)
        for name, entry in json.loads(data[-16 - length : -16])["arrays"].items():
            part = next((part for start, part in PARTS.items() if name.startswith(start)), "lists, terms, lengths")
            found[part] = found.get(part, 0) + entry["count"] * ITEM_BYTES[entry["dtype"]]
    return found


WINDOW_BYTES = 3.0
"""Of a posting in memory when all are added: its row in a window (2 bytes) and its impact."""

ENGINE = Engine(
    name="rocchio",
    modules=("rocchio",),
    packages=("rocchio", "numpy"),
    build=build,
    open=OpenedRocchio,
    index_files=("index.arrays",),
    bytes_per_posting=WINDOW_BYTES,
    build_threads=2,
    includes="build: analysing, indexing (postings and a forward index), storing the documents, checksums, syncing, "
    "compacting into one segment. "
    "Search: analysing the texts (weighted terms are looked up as strings), exact top k; doc_id "
    "strings are read when asked for.",
)
