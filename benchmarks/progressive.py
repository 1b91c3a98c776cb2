"""Progressive expansion with a perfect judge: what each document that is judged brings.

What is measured: AP after so many rounds of `proqe` on BM25, with the judgements as judge and the documents' salient
    words as keywords; on all documents, and on the residual collection of each query: the documents that were judged
    are taken out of ranking and judgements, also for the search without feedback that stands beside it.
Caution: the judge knows the truth; a model will not. The residual columns show what is found beyond what was judged.
Data: BEIR folders in the shared data folder beside the checkout.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import rocchio
from hybrid import DATA
from rocchio.evaluation import evaluate
from rocchio.sources import read_qrels, read_topics
from rocchio.types import Run
from tables import publish, table

NAMES = ["npl", "cisi", "med", "lisa", "scifact"]
SETTINGS = ((1, 1.0), (3, 1.0), (5, 1.0), (10, 1.0), (5, 0.4))
"""Rounds and beta, what a keyword gains by a relevant document; 1 is the published default."""


def indexed(folder: Path, work: Path) -> tuple[Any, dict[str, str], Any]:
    """A collection, its judged queries and the judgements."""
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    fields = {"title": rocchio.text(), "text": rocchio.text()}
    col = rocchio.create(work / folder.name, fields=fields, analyzer="anserini")
    col.add({"doc_id": each["_id"], "title": each.get("title") or "", "text": each["text"]} for each in records)
    col.commit()
    qrels = read_qrels(folder / "qrels" / "test.tsv")
    topics = {name: text for name, text in read_topics(folder / "queries.jsonl.gz").items() if name in qrels}
    return col, topics, qrels


def ap(run: Run, qrels: Any, without: Mapping[str, set[str]]) -> float:
    """The mean over queries, when some documents of each are taken out of run and judgements."""
    ids = [[doc_id for doc_id in run.doc_ids[row] if doc_id not in without[q]] for row, q in enumerate(run.query_ids)]
    rest = Run(run.query_ids, ids, [np.arange(len(each), 0, -1).astype(np.float32) for each in ids])
    left = {q: {d: grade for d, grade in qrels[q].items() if d not in without[q]} for q in run.query_ids}
    left = {q: docs for q, docs in left.items() if max(docs.values(), default=0) > 0}
    return float(evaluate(rest, left, "AP").means["AP"]) if left else float("nan")


def rows(col: Any, topics: dict[str, str], qrels: Any) -> list[list[str]]:
    """A row for each of the settings."""
    ids, texts = list(topics), list(topics.values())
    grades = {text: qrels[query_id] for query_id, text in topics.items()}
    before = col.search(texts, 1000, query_ids=ids)
    nothing: dict[str, set[str]] = {query_id: set() for query_id in ids}
    found = []
    for count, beta in SETTINGS:
        result = col.proqe(
            texts, lambda query, document: grades[query].get(document["doc_id"], 0) > 0, 1000, rounds=count,
            beta=beta, query_ids=ids,
        )  # fmt: skip
        judged = {q: {each.doc_id for each in trace.rounds} for q, trace in zip(ids, result.traces, strict=True)}
        values = [ap(run, qrels, without) for without in (nothing, judged) for run in (before, result.run)]
        relevant = np.mean([sum(each.relevant is True for each in trace.rounds) for trace in result.traces])
        found.append([col.path.name, str(count), f"{beta:g}", f"{relevant:.1f}", *(f"{value:.4f}" for value in values)])
    return found


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of BEIR folders")
    parser.add_argument("--names", nargs="+", default=NAMES, help="BEIR folders to measure")
    parser.add_argument("--output", type=Path, help="also write the report here")
    options = parser.parse_args()
    lines = [
        "# Progressive expansion with a perfect judge",
        "",
        f"rocchio {rocchio.__version__}, numpy {np.__version__}, Python {platform.python_version()}. Made by",
        "`benchmarks/progressive.py`, which says what is measured, and what it does not show.",
        "",
    ]
    every = []
    for name in options.names:
        with tempfile.TemporaryDirectory() as work:
            every += rows(*indexed(options.data / name, Path(work)))
    header = [
        "collection",
        "judged a query",
        "beta",
        "of them relevant",
        "AP before",
        "AP after",
        "residual before",
        "after",
    ]
    publish([*lines, *table(header, every)], options.output)


if __name__ == "__main__":
    main()
