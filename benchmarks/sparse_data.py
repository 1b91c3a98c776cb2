"""Vectors and queries of the sparse benchmark, and the plain search that says what is right.

A vector has whole weights from 1 to 255. Vectors lie by document: document i has terms[offsets[i]:offsets[i + 1]]
    (uint32, increasing) with weights at the same places (uint8). A query is {term number: weight}.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from data import passages, read_questions, whole_texts, write_source
from expanded import document_frequencies
from peers.engine import K1, B
from splade import Splade

SparseQuery: TypeAlias = dict[int, float]
LARGEST = 255


@dataclass(frozen=True)
class Vectors:
    """Sparse vectors by document; `dimensions` is above every term number."""

    offsets: npt.NDArray[np.int64]
    terms: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.uint8]
    dimensions: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def dicts(self, names: Sequence[str]) -> list[dict[str, int]]:
        """{name of term: weight} of each document."""
        terms, weights, offsets = self.terms.tolist(), self.weights.tolist(), self.offsets.tolist()
        spans = pairwise(offsets)
        return [dict(zip([names[t] for t in terms[a:b]], weights[a:b], strict=True)) for a, b in spans]


class SparseSource:
    """Vectors on disk, read anew by each process that builds an index of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, vectors: Vectors) -> None:
        """Make the folder."""
        self.folder.mkdir(parents=True)
        np.savez(self.folder / "vectors.npz", **vars(vectors))

    def vectors(self) -> Vectors:
        """What was written."""
        arrays = np.load(self.folder / "vectors.npz")
        return Vectors(arrays["offsets"], arrays["terms"], arrays["weights"], int(arrays["dimensions"]))


def quantised(documents: npt.NDArray[np.int64], terms: npt.NDArray[np.int64], weights: npt.NDArray[np.float64],
              count: int, dimensions: int) -> Vectors:  # fmt: skip
    """Vectors of entries in order of document and term; the largest weight becomes 255, the least at least 1."""
    whole = np.maximum(np.rint(weights * (LARGEST / weights.max())), 1).astype(np.uint8)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(documents, minlength=count))]).astype(np.int64)
    return Vectors(offsets, terms.astype(np.uint32), whole, dimensions)


def bm25_impacts(
    documents: Path, limit: int, questions: Path, count: int, work: Path
) -> tuple[Vectors, list[SparseQuery]]:
    """BM25 (Lucene's form, k1=0.9 b=0.4) of the first passages; questions weigh each occurrence of a term 1."""
    tokens = write_source(passages(documents, limit), work)[0].tokens()
    lengths = np.diff(tokens.offsets)
    rows = np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)
    pairs, tf = np.unique((rows << np.uint64(32)) | tokens.ids, return_counts=True)
    rows, terms = (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    df = document_frequencies(tokens)
    idf = np.log(1 + (len(lengths) - df + 0.5) / (df + 0.5))
    norm = K1 * (1 - B + B * lengths / lengths.mean())
    vectors = quantised(rows, terms, idf[terms] * tf / (tf + norm[rows]), len(lengths), len(tokens.terms))
    known = {term: number for number, term in enumerate(tokens.terms)}
    asked = read_questions(questions, count)
    queries = [{known[t]: float(w) for t, w in query.terms.items() if t in known} for query in asked]
    return vectors, [query for query in queries if query]


def texts_to_encode(source: Path, limit: int, questions: Path, count: int) -> tuple[list[str], list[str]]:
    """Texts and queries: of a BEIR folder all its queries; of a Parquet file of passages, the first questions."""
    if source.suffix == ".parquet":
        asked = [query.text or "" for query in read_questions(questions, count)]
        return whole_texts(passages(source, limit)).to_pylist(), asked
    with gzip.open(source / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line, _ in zip(lines, range(limit), strict=False)]
    with gzip.open(source / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        asked = [json.loads(line)["text"] for line in lines]
    return [f"{record.get('title', '')} {record['text']}" for record in records], asked


def splade_vectors(model: Path, source: Path, limit: int, questions: Path, count: int,
                   cache: Path) -> tuple[Vectors, list[SparseQuery]]:  # fmt: skip
    """`texts_to_encode` encoded with a SPLADE model, kept in `cache` for the next time."""
    path = cache / f"splade-{source.stem}-{limit}.npz"
    if not path.exists():
        encoder = Splade(model)
        texts, asked = texts_to_encode(source, limit, questions, count)
        encoded = encoder.encode(texts)
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(path, documents=np.array(encoded), queries=np.array(encoder.encode(asked)))
    arrays = np.load(path)
    rows, terms = arrays["documents"][0].astype(np.int64), arrays["documents"][1].astype(np.int64)
    count, dimensions = int(rows.max()) + 1, int(terms.max()) + 1
    queries: list[SparseQuery] = [{} for _ in range(int(arrays["queries"][0].max()) + 1)]
    for row, term, weight in zip(*arrays["queries"].tolist(), strict=True):
        if term < dimensions:
            queries[int(row)][int(term)] = weight
    return quantised(rows, terms, arrays["documents"][2], count, dimensions), [query for query in queries if query]


def exact_scores(vectors: Vectors, queries: Sequence[SparseQuery]) -> npt.NDArray[np.float64]:
    """Float64[queries, documents]: every inner product."""
    order = np.argsort(vectors.terms, kind="stable")
    rows = np.repeat(np.arange(len(vectors)), np.diff(vectors.offsets))[order]
    weights = vectors.weights[order].astype(np.float64)
    starts = np.searchsorted(vectors.terms[order], np.arange(vectors.dimensions + 1))
    scores = np.zeros((len(queries), len(vectors)))
    for place, query in enumerate(queries):
        for term, weight in query.items():
            part = slice(starts[term], starts[term + 1])
            scores[place, rows[part]] += weight * weights[part]  # a row stands once in a list
    return scores


def recall(found: Sequence[Sequence[int]], scores: npt.NDArray[np.float64], k: int) -> float:
    """Mean share of the first k found that are as good as the exact k-th; equal scores are equally right."""
    shares = []
    for rows, exact in zip(found, scores, strict=True):
        wanted = min(k, int(np.count_nonzero(exact)))
        least = np.partition(exact, -wanted)[-wanted]
        shares.append(np.count_nonzero(exact[list(rows[:k])] >= least * (1 - 1e-6)) / wanted if wanted else 1.0)
    return float(np.mean(np.minimum(shares, 1.0)))
