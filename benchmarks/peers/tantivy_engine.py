"""tantivy through its Python package.

Documents are given as codes of the shared terms to its whitespace tokenizer; frequencies are indexed, positions are
not. One writing thread makes one segment, with which it searches fastest. Counting all matches is off, so that it may
skip. Its BM25 has k1=1.2 b=0.75 and lossy lengths, which cannot be changed: its rankings differ a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data import Query, Source
from peers.engine import Engine

HEAP_BYTES = 3_000_000_000
TOKENIZER = "codes"


def open_index(folder: Path) -> Any:
    """The index in a folder, made if it is not there."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name=TOKENIZER, index_option="freq")
    builder.add_integer_field("row", fast=True)
    index = tantivy.Index(builder.build(), path=str(folder))
    index.register_tokenizer(TOKENIZER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def build(source: Source, folder: Path) -> dict[str, float]:
    """Read the codes, index, commit."""
    import tantivy

    folder.mkdir()
    index = open_index(folder)
    writer = index.writer(HEAP_BYTES, 1)
    for row, text in enumerate(source.tokens().code_texts().to_pylist()):
        writer.add_document(tantivy.Document(text=text, row=row))
    writer.commit()
    writer.wait_merging_threads()
    return {}


class OpenedTantivy:
    """A searcher."""

    def __init__(self, folder: Path, source: Source) -> None:
        self._index = open_index(folder)
        self._searcher = self._index.searcher()
        self._codes = source.tokens().codes()

    def prepare(self, queries: Sequence[Query], k: int) -> list[Any]:
        """Query objects: alternatives, boosted where a weight is not 1."""
        del k
        return [self._query(query) for query in queries]

    def _query(self, query: Query) -> Any:
        from tantivy import Occur
        from tantivy import Query as Made

        parts = []
        for term, weight in query.terms.items():
            if term in self._codes:
                part = Made.term_query(self._index.schema, "text", self._codes[term], "freq")
                parts.append((Occur.Should, part if weight == 1 else Made.boost_query(part, float(weight))))
        return Made.boolean_query(parts) if parts else Made.empty_query()

    def search(self, prepared: list[Any], k: int) -> Any:
        """Lists of (score, address) by query."""
        return [self._searcher.search(query, k, count=False).hits for query in prepared]

    def rows(self, found: Any, prepared: list[Any], k: int) -> list[list[int]]:
        """Addresses as document numbers."""
        del prepared, k
        return [self._searcher.fast_field_values("row", [address for _, address in hits]) for hits in found]


ENGINE = Engine(
    name="tantivy",
    modules=("tantivy",),
    packages=("tantivy",),
    build=build,
    open=OpenedTantivy,
    index_files=("*.term", "*.idx", "*.fieldnorm"),
    bytes_per_posting=None,
    build_threads=1,
    includes="build: texts of term codes (analysed before, not counted) handed over as objects, indexing, commit; no "
    "documents stored. Search: prepared query objects in, scores and addresses out; BM25 k1=1.2 b=0.75.",
)
