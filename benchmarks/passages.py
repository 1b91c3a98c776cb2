"""What passages are worth on long documents: books made of the documents of judged collections.

What is measured: nDCG@10 and R@10 of books found whole and by passages, with BM25 and with encoders, and bytes; what it
    costs to group passages by their documents, against a collection whose documents are these passages.
Data: in the shared data folder beside the checkout. BEIR folders: a book is PARTS of their documents in random order
    (seeded), each with its title, and as relevant as its most relevant part. wiki-393k.parquet: a document is an
    article, put together of its parts.
Notes: the answers of a query are few books, most of which are about many other things: long documents at their worst.
    Real books keep to a subject, and gain less.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import rocchio
from rocchio.analysis.splitting import Splitter
from rocchio.evaluation import evaluate
from rocchio.sources import read_qrels, read_topics
from rocchio.storage.passages import Passages
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
NAMES = ("scifact", "npl", "lisa", "cisi", "med")
PARTS = 10
MEASURES = "nDCG@10 R@10"
SIZES = ("whole", "400,60", "200,30", "100,15")


@dataclass(frozen=True)
class Library:
    """Books {doc_id: text}, queries {query_id: text} and judgements."""

    books: dict[str, str]
    topics: dict[str, str]
    qrels: dict[str, dict[str, int]]


def library(folder: Path) -> Library:
    """The books of a BEIR folder."""
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        parts = [json.loads(line) for line in lines]
    random.Random(1).shuffle(parts)
    books: dict[str, list[str]] = {}
    book_of = {}
    for place, part in enumerate(parts):
        book_of[part["_id"]] = name = f"book{place // PARTS}"
        books.setdefault(name, []).append("\n".join(filter(None, [part.get("title"), part["text"]])))
    qrels: dict[str, dict[str, int]] = {}
    for query_id, judged in read_qrels(folder / "qrels" / "test.tsv").items():
        of_query = qrels.setdefault(query_id, {})
        for part_id, grade in judged.items():
            book = book_of[part_id]
            of_query[book] = max(grade, of_query.get(book, 0))
    topics = {
        query_id: text for query_id, text in read_topics(folder / "queries.jsonl.gz").items() if query_id in qrels
    }
    return Library({name: "\n\n".join(texts) for name, texts in books.items()}, topics, qrels)


def rows(given: Library, sizes: list[str], encoders: list[str], work: Path) -> Iterator[list[str]]:
    """A line of the table for each way to split and to search."""
    for number, size in enumerate(sizes):
        split = None if size == "whole" else rocchio.passages(*map(int, size.split(",")))
        fields: dict[str, Any] = {"text": rocchio.text(passages=split)}
        names = {f"v{place}": encoder for place, encoder in enumerate(encoders)}
        fields |= {name: rocchio.vector(encoder=encoder) for name, encoder in names.items()}
        col = rocchio.create(work / str(number), fields=fields, analyzer="english")
        col.add({"doc_id": book, "text": text} for book, text in given.books.items())
        col.commit()
        about = col.info()
        pieces, megabytes = about.passages or about.documents, about.size_bytes / 1e6
        for field, label in {"text": "BM25", **names}.items():
            texts = list(given.topics.values())
            run = col.search(texts, 10, query_ids=list(given.topics), field=field)
            means = evaluate(run, given.qrels, MEASURES).means
            shown = [f"{means[measure]:.4f}" for measure in MEASURES.split()]
            yield [label, size, f"{pieces:,}", *shown, f"{megabytes:.1f} MB"]


def report(data: Path, names: list[str], sizes: list[str], encoders: list[str]) -> list[str]:
    """The tables, in Markdown."""
    lines = [
        "# Long documents",
        "",
        f"rocchio {rocchio.__version__}, analyzer english, BM25 k1=0.9 b=0.4, recall 0.99.",
    ]
    lines += [
        f"Books of {PARTS} documents each, in random order. Size is that of everything, all vectors included.",
        "",
    ]
    for name in names:
        given = library(data / name)
        words = sorted(len(text.split()) for text in given.books.values())
        lines += [f"## {name}", "", f"{len(words):,} books, {words[len(words) // 2]:,} words in the middle one.", ""]
        header = ["searched with", "tokens, overlap", "pieces", *MEASURES.split(), "size"]
        with tempfile.TemporaryDirectory() as work:
            lines += table(header, sorted(rows(given, sizes, encoders, Path(work)), key=lambda row: row[0]))
    return lines


def articles(path: Path, limit: int) -> Iterator[dict[str, str]]:
    """Articles of the first `limit` passages, which stand together."""
    table = pq.read_table(path, columns=["title", "text"]).slice(0, limit)
    pairs = zip(table["title"].to_pylist(), table["text"].to_pylist(), strict=True)
    for number, (title, parts) in enumerate(itertools.groupby(pairs, key=lambda pair: pair[0])):
        yield {"doc_id": f"a{number}", "title": title, "text": "\n\n".join(text for _, text in parts)}


def pieces(documents: Iterator[dict[str, str]], split: Passages) -> Iterator[dict[str, str]]:
    """The passages of documents as documents of their own."""
    splitter = Splitter("standard", split.tokens, split.overlap)
    for document in documents:
        for number, (begin, end) in enumerate(splitter.split(document["text"])):
            yield {**document, "doc_id": f"{document['doc_id']}-{number}", "text": document["text"][begin:end]}


def speed(data: Path, limit: int, rounds: int) -> list[str]:
    """The costs of grouping, in Markdown."""
    with gzip.open(data / "wiki-queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        queries = [json.loads(line)["text"] for line, _ in zip(lines, range(1000), strict=False)]
    with tempfile.TemporaryDirectory() as work:
        cols = {}
        for name, split in (("articles", None), ("passages, grouped", rocchio.passages())):
            fields = {"title": rocchio.text(), "text": rocchio.text(passages=split)}
            cols[name] = rocchio.create(Path(work) / name, fields=fields, analyzer="english")
            cols[name].add(articles(data / "wiki-393k.parquet", limit))
            cols[name].commit()
        grouped = cols["passages, grouped"]
        fields = {"title": rocchio.text(), "text": rocchio.text()}
        plain = cols["passages as documents"] = rocchio.create(Path(work) / "plain", fields=fields, analyzer="english")
        plain.add(pieces(articles(data / "wiki-393k.parquet", limit), rocchio.passages()))
        plain.commit()
        about = grouped.info()
        lines = ["## What grouping costs", ""]
        lines += [f"{about.documents:,} articles of wiki-393k, {about.passages:,} passages; 1,000 questions, BM25,"]
        lines[-1] += f" in CPU time of one thread, columns in memory. Ratios are medians of {rounds} paired rounds."
        lines += ["", *table(["k", "collection", "queries/s", "ratio"], _rates(cols, queries, rounds))]
    return lines


def _rates(cols: dict[str, rocchio.Collection], queries: list[str], rounds: int) -> Iterator[list[str]]:
    for k in (10, 100, 1000):
        seconds: dict[str, list[float]] = {name: [] for name in cols}
        for number in range(rounds + 1):
            for name, col in cols.items():
                started = time.process_time()
                col.search(queries, k)
                if number:  # the first round warms up
                    seconds[name].append(time.process_time() - started)
        base = seconds["passages as documents"]
        for name, times in seconds.items():
            ratio = statistics.median(b / t for b, t in zip(base, times, strict=True))
            yield [str(k), name, f"{len(queries) / statistics.median(times):,.0f}", f"{ratio:.2f}"]


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--names", nargs="*", default=NAMES)
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="tokens,overlap of passages, or whole")
    parser.add_argument("--encoders", nargs="*", default=["lsa(dim=256)"])
    parser.add_argument("--limit", type=int, default=100_000, help="passages of wiki-393k; 0 leaves its section out")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path, help="also write the report here")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"expected BEIR folders in {options.data}, found nothing; name their folder with --data")
    lines = report(options.data, options.names, options.sizes, options.encoders) if options.names else []
    if options.limit:
        lines += speed(options.data, options.limit, options.rounds)
    publish(lines, options.output)


if __name__ == "__main__":
    main()
