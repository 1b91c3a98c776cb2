"""Searches for words under filters, by the share of documents that is left, beside tantivy.

What is measured: queries per second of 1,000 natural questions on one thread, the filter parsed and its mask kept; and
    that all that is found is right, and as much as there is.
Data: the wiki-393k collection of the shared data folder beside the checkout; filters are ranges of a random number.
Notes: tantivy gets codes of rocchio's terms, one segment, the number as a fast field, prepared queries; its own BM25.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import rocchio
from data import ANALYZER, Query, Source, passages, read_questions, whole_texts, write_source
from measure import machine, paired_ratio, paired_seconds
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
SELECTIVITIES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001, 0.0001)
HEAP_BYTES = 2_000_000_000


class Rocchio:
    """Filtered by text, doc_ids and all."""

    name = "rocchio"

    def __init__(self, source: Source, numbers: np.ndarray, folder: Path) -> None:
        self.col = rocchio.create(
            folder / "c", fields={"text": rocchio.text(), "u": rocchio.number()}, analyzer=ANALYZER
        )
        documents = source.documents()
        rows = list(map(str, range(len(documents))))
        self.col.add(rocchio.columns(doc_id=rows, text=whole_texts(documents), u=numbers))
        self.col.commit()
        self.col.compact()

    def search(self, queries: list[Query], below: float, k: int) -> list[list[int]]:
        """Rows by query."""
        run = self.col.search([query.text for query in queries], k=k, where=f"u < {below}")
        return [list(map(int, ids)) for ids in run.doc_ids]


class Tantivy:
    """Queries are made beforehand."""

    name = "tantivy"

    def __init__(self, source: Source, numbers: np.ndarray, folder: Path) -> None:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("text", tokenizer_name="codes", index_option="freq")
        builder.add_integer_field("row", fast=True)
        builder.add_float_field("u", fast=True, indexed=True)
        (folder / "t").mkdir()
        self.schema = builder.build()
        index = tantivy.Index(self.schema, path=str(folder / "t"))
        index.register_tokenizer("codes", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        tokens = source.tokens()
        self.codes = tokens.codes()
        writer = index.writer(HEAP_BYTES, 1)
        for row, (text, number) in enumerate(zip(tokens.code_texts().to_pylist(), numbers.tolist(), strict=True)):
            writer.add_document(tantivy.Document(text=text, row=row, u=number))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self.searcher = index.searcher()
        self.made: dict[float, list[Any]] = {}

    def search(self, queries: list[Query], below: float, k: int) -> list[list[int]]:
        """Rows by query."""
        if below not in self.made:
            self.made[below] = [self._query(query, below) for query in queries]
        found = [self.searcher.search(query, k, count=False).hits for query in self.made[below]]
        return [self.searcher.fast_field_values("row", [address for _, address in hits]) for hits in found]

    def _query(self, query: Query, below: float) -> Any:
        from tantivy import FieldType, Occur
        from tantivy import Query as Made

        terms = [Made.term_query(self.schema, "text", self.codes[term], "freq")
                 for term in query.terms if term in self.codes]  # fmt: skip
        words = Made.boolean_query([(Occur.Should, term) for term in terms])
        within = Made.range_query(self.schema, "u", FieldType.Float, 0.0, below, True, False)
        return Made.boolean_query([(Occur.Must, words), (Occur.Must, Made.const_score_query(within, 0.0))])


def wrong(found: list[list[int]], whole: list[list[int]], numbers: np.ndarray, below: float, k: int) -> int:
    """Queries with a row that the filter leaves out, or other rows than an unfiltered search for all of them gives."""
    left = numbers < below
    return sum(rows != [row for row in all_rows if left[row]][:k] for rows, all_rows in zip(found, whole, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, default=DATA / "wiki-393k.parquet")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-queries.jsonl.gz")
    parser.add_argument("--limit", type=int, help="documents (default: all)")
    parser.add_argument("--count", type=int, default=1000, help="queries")
    parser.add_argument("--checked", type=int, default=50, help="queries whose answers are compared with all matches")
    parser.add_argument("--selectivity", type=float, nargs="+", default=list(SELECTIVITIES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--output", type=Path, help="write the report here too")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        publish(report(given, folder), given.output)
    finally:
        shutil.rmtree(folder)


def report(given: argparse.Namespace, folder: Path) -> list[str]:
    """A row for each selectivity."""
    source, _ = write_source(passages(given.documents, given.limit), folder / "source")
    numbers = np.random.default_rng(5).random(len(source.documents()))
    queries = read_questions(given.queries, given.count)
    engines: list[Any] = [Rocchio(source, numbers, folder)]
    if importlib.util.find_spec("tantivy"):
        engines.append(Tantivy(source, numbers, folder))
    checked = queries[: given.checked]
    whole = engines[0].search(checked, 1.0, len(numbers))
    rows = []
    for below in given.selectivity:
        calls = {each.name: lambda each=each, below=below: each.search(queries, below, given.k) for each in engines}
        seconds = paired_seconds(calls, given.rounds)
        rates = {name: len(queries) / float(np.median(each)) for name, each in seconds.items()}
        ratio = paired_ratio(seconds["tantivy"], seconds["rocchio"]) if "tantivy" in seconds else None
        mistakes = wrong(engines[0].search(checked, below, given.k), whole, numbers, below, given.k)
        rows.append([f"{below:.2%}", str(mistakes), *(f"{rates[each.name]:,.0f}" for each in engines),
                     f"{ratio:.2f}" if ratio else ""])  # fmt: skip
        print(below, rows[-1], file=sys.stderr, flush=True)
    versions = ", ".join(f"{each.name} {importlib.metadata.version(each.name)}" for each in engines)
    lines = ["# Words under filters", "", f"{machine()}; {versions}.", ""]
    lines += [f"{len(numbers):,} passages, {len(queries):,} questions, k={given.k}, one thread, medians of "
              f"{given.rounds} paired rounds. Filters leave a random share. Wrong: of {len(checked)} questions, those "
              "with other answers than the unfiltered ranking has, cut to the filter.", ""]  # fmt: skip
    header = ["left", "wrong", *(f"{each.name} q/s" for each in engines), "rocchio / tantivy"]
    return lines + table(header, rows)


if __name__ == "__main__":
    main()
