"""Offline feedback beside the feedback that it takes the place of.

What is measured: on judged collections nDCG@10 and AP of BM25 k1=0.9 b=0.4 over title and text, of RM3 and of vectors
    by lsa(dim=256); of offline feedback with the results of either stored, alone and in sums with BM25, for two kinds
    of pseudo-queries; and the bytes that it takes; and of pseudo query embeddings. On a large
    collection the time of offline answers and of other plans beside one BM25 query: queries one by one and in a batch,
    paired rounds, the median of the rounds' ratios.
Data: BEIR folders in the shared data folder beside the checkout; to be timed, a collection whose feedback was
    precomputed, and a file of queries.
Notes: the analyzer is anserini. The weights of the sums are not fitted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import rocchio
from data import read_questions
from measure import machine, paired_ratio, paired_seconds
from rocchio.evaluation import evaluate
from rocchio.sources import read_qrels, read_topics
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
NAMES = "scifact npl cisi med lisa".split()  # noqa: SIM905
MEASURES = ["nDCG@10", "AP"]
STORED = ("bm25 >> rm3 >> bm25", "dense")
GENERATORS = ("salient(terms=3)", "sentences(n=3)")
STEPS = ("offline", "0.5*bm25 + 0.5*offline", "0.7*bm25 + 0.3*offline")
READING = (
    "What to read from it: three sentences a document make better pseudo-queries than its terms, for three times the",
    "space. Alone, offline feedback is below BM25 on most collections: a document is found through pseudo-queries of",
    "its neighbours, and the first eight decide. Made of sentences, with 0.3 of the weight beside BM25, it helps where",
    "feedback helps (med, cisi, npl) and hurts where that hurts (scifact, lisa), less so with vectors stored. The",
    "default of the pseudo-queries was chosen with these collections in view.",
)
EMBEDDINGS = (("sentences(n=3)", 1), ("sentences(n=8)", 4))
EMBEDDING_STEPS = (
    "pseudo_embeddings",
    "pseudo_embeddings(temperature=0.1)",
    "0.5*bm25 + 0.5*pseudo_embeddings",
    "0.5*dense + 0.5*pseudo_embeddings(temperature=0.1)",
)
READING_EMBEDDINGS = (
    "Centroids of the vectors of a document's sentences, by lsa(dim=256) as the documents' own. What to read from it:",
    "with this encoder they do not take the place of a document's own vector; beside BM25 they are worth as much,",
    "and a low temperature, by which the best centroid decides alone, does harm.",
)
TIMED = ("bm25", "offline", "offline(queries=16)", "0.7*bm25 + 0.3*offline", STORED[0])


def judged(folder: Path, work: Path) -> tuple[rocchio.Collection, Callable[..., list[str]]]:
    """A collection, and what makes a row of a table of a plan."""
    fields = {"title": rocchio.text(), "text": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=256)")}
    col = rocchio.create(work / folder.name, fields, analyzer="anserini")
    col.add(folder)
    col.commit()
    qrels = read_qrels(folder / "qrels" / "test.tsv")
    queries = {name: text for name, text in read_topics(folder / "queries.jsonl.gz").items() if name in qrels}

    def row(plan: str, *about: str) -> list[str]:
        run = col.search(list(queries.values()), 1000, query_ids=list(queries), plan=plan)
        means = evaluate(run, qrels, MEASURES).means
        return [folder.name, plan, *about, *(f"{means[measure]:.4f}" for measure in MEASURES)]

    return col, row


def embeddings(folder: Path, work: Path) -> list[list[str]]:
    """Rows of the table of pseudo query embeddings for one collection."""
    col, row = judged(folder, work)
    rows = [row(plan, "", "", "") for plan in ("bm25", "dense", "0.5*bm25 + 0.5*dense")]
    for generator, count in EMBEDDINGS:
        done = col.precompute_embeddings("v", queries=generator, per_document=count)
        size = f"{done.size_bytes / 1e6:.2f}"
        rows += [row(step, generator, str(count), size) for step in EMBEDDING_STEPS]
    return rows


def effect(folder: Path, work: Path) -> list[list[str]]:
    """Rows of the table of offline feedback for one collection."""
    col, row = judged(folder, work)
    rows = [row(plan, "", "", "") for plan in ("bm25", *STORED)]
    for stored in STORED:
        for generator in GENERATORS:
            done = col.precompute(stored, queries=generator)
            size = f"{done.size_bytes / 1e6:.2f}"
            rows += [row(step, stored, generator, size) for step in STEPS]
    return rows


def speed(path: Path, texts: list[str], rounds: int) -> list[str]:
    """What plans cost beside one BM25 query on a large collection."""
    col = rocchio.open(path)
    info: Any = col.info()
    about = info.offline
    lines = [
        f"{len(col):,} documents, {about.pseudo_queries:,} pseudo-queries ({about.queries}), {about.entries:,} results "
        f"of `{about.plan}`: {about.size_bytes / 1e6:.0f} MB beside {info.size_bytes / 1e6:.0f} MB of the collection. "
        f"{len(texts):,} queries, k=10, one thread, {rounds} rounds. {machine()}.",
        "",
    ]
    single = {plan: lambda plan=plan: [col.search(text, 10, plan=plan) for text in texts] for plan in TIMED}
    batch = {plan: lambda plan=plan: col.search(texts, 10, plan=plan) for plan in TIMED}
    measured = [paired_seconds(calls, rounds) for calls in (single, batch)]
    rows = []
    for plan in TIMED:
        cells = [plan]
        for seconds in measured:
            cells.append(f"{median(seconds[plan]) / len(texts) * 1e6:,.0f} µs")
            cells.append(f"{paired_ratio(seconds[plan], seconds['bm25']):.2f}")
        rows.append(cells)
    return lines + table(["plan", "a query alone", "beside bm25", "a query in a batch", "beside bm25"], rows)


def _of_all(measured: Callable[[Path, Path], list[list[str]]], data: Path, names: list[str]) -> list[list[str]]:
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for name in names:
            rows += measured(data / name, Path(work))
            print(f"{name}: done", file=sys.stderr)
    return rows


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of BEIR folders")
    parser.add_argument("--names", nargs="*", default=NAMES, help="judged collections")
    parser.add_argument("--tables", nargs="*", default=["lists", "embeddings"], help="of effect: lists, embeddings")
    parser.add_argument("--collection", type=Path, help="a large collection with precomputed feedback, to be timed")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-queries.jsonl.gz", help="queries to time")
    parser.add_argument("--count", type=int, default=1000, help="how many of them")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path, help="also write the report to this file")
    given = parser.parse_args()
    report = ["# Offline feedback", "", f"rocchio {rocchio.__version__}. Made by"]
    report += ["`benchmarks/offline.py`, which says what is measured and on what.", ""]
    if given.names and "lists" in given.tables:
        rows = _of_all(effect, given.data, given.names)
        report += ["## Effect", "", "The first 100 results of a plan are stored for each pseudo-query.", ""]
        report += [*READING, ""]
        report += table(["collection", "plan", "stored", "pseudo-queries", "MB", *MEASURES], rows)
    if given.names and "embeddings" in given.tables:
        rows = _of_all(embeddings, given.data, given.names)
        report += ["", "## Pseudo query embeddings", "", *READING_EMBEDDINGS, ""]
        report += table(["collection", "plan", "pseudo-queries", "centroids", "MB", *MEASURES], rows)
    if given.collection is not None:
        texts = [query.text for query in read_questions(given.queries, given.count) if query.text]
        report += ["## Speed", "", *speed(given.collection, texts, given.rounds)]
    publish(report, given.output)


if __name__ == "__main__":
    main()
