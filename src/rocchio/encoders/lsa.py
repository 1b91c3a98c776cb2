"""Latent semantic analysis: vectors of texts from the words that occur together in a collection.

Documents are rows of weights (1 + ln tf) * ln((n + 1) / (df + 1/2)); the model is the space of the strongest right
singular vectors of that matrix (Deerwester et al., JASIS 1990), found by randomised subspace iteration (Halko,
Martinsson, Tropp, SIAM Review 2011). A text's vector is its row of weights times these vectors, at unit length: so
documents that came later, and queries, are placed ("folded in") like the ones that the model was fitted on.

Memory: 8 bytes a posting of at most MAX_POSTINGS, beyond which documents are left out evenly, and some matrices of
MAX_TERMS x (dim + OVERSAMPLING) float32. The same documents in the same order give the same model, whatever the number
of threads: each has columns of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.encoders.term_rows import SegmentTerms, TermRows, select

MAX_TERMS = 1 << 17
MAX_POSTINGS = 1 << 26
OVERSAMPLING = 32
PASSES = 3
FIT_ROWS = 16_384
"""Documents of a block of the matrix: each product with one costs a pass over all terms."""
SEED = 1990
_FAINT = 1e-5
"""Components, and vectors, that are weaker than this share of the strongest are rounding errors."""

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Latent:
    """A fitted model.

    `terms` in the order of their bytes, with `idf` float32 (terms,) and `vectors` float32 (terms, dim); `strengths`
    float64 (dim,) are the singular values. `documents` it was fitted to; `unknown` is the share of their tokens, from
    0 to 1, that are none of its terms.
    """

    terms: Sequence[str]
    idf: npt.NDArray[np.float32]
    vectors: Matrix
    strengths: npt.NDArray[np.float64]
    documents: int
    unknown: float

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Term -> its row."""
        return {term: row for row, term in enumerate(self.terms)}

    def encode_terms(self, texts: Sequence[Mapping[str, float]]) -> tuple[Matrix, npt.NDArray[np.bool_]]:
        """Vectors (n, dim) of texts given as {term: how often}, and which have one: those with a known term."""
        found = [[(self.numbers[t], c) for t, c in text.items() if t in self.numbers and c > 0] for text in texts]
        entries = [entry for text in found for entry in text]
        ids = np.array([number for number, _ in entries], np.uint32)
        offsets = np.cumsum([0, *map(len, found)], dtype=np.int64)
        return self._place(TermRows(ids, np.array([count for _, count in entries], np.float32), offsets))

    def encode_segment(self, segment: SegmentTerms) -> Iterator[tuple[Matrix, npt.NDArray[np.bool_]]]:
        """Vectors of all rows of a segment in blocks (n, dim), and which of them have one (n,): others are zeros."""
        known = np.array([self.numbers.get(term, -1) for term in _all_terms(segment)], np.int64)
        for rows in segment.blocks():
            yield self._place(_renumbered(rows, known))

    def unknown_share(self, segments: Sequence[SegmentTerms]) -> float:
        """The share of the tokens of these segments, from 0 to 1, that are none of the model's terms."""
        tokens = missing = 0.0
        for segment in segments:
            known = np.array([term in self.numbers for term in _all_terms(segment)], np.bool_)
            for rows in segment.blocks():
                tokens += float(rows.counts.sum(dtype=np.float64))
                missing += float(rows.counts[~known[rows.ids]].sum(dtype=np.float64))
        return missing / tokens if tokens else 0.0

    def _place(self, rows: TermRows) -> tuple[Matrix, npt.NDArray[np.bool_]]:
        """Unit vectors of rows whose ids are the model's."""
        matrix = _weighted(rows, self.idf)
        placed: Matrix = matrix @ self.vectors
        lengths = np.linalg.norm(placed, axis=1)
        weights = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        present = lengths > _FAINT * weights
        placed[~present] = 0
        placed[present] /= lengths[present, None]
        return placed, present


def fit(segments: Sequence[SegmentTerms], dim: int) -> Latent | None:
    """The model of these documents; None if no document has a term.

    Of few documents or terms there are fewer than `dim` directions: the last numbers of all vectors are then 0.
    """
    segments = _sampled(segments)
    terms, numbering, df = _vocabulary(segments)
    if not terms:
        return None
    documents = sum(int(segment.live.sum()) for segment in segments)
    idf = np.log((documents + 1) / (df + 0.5)).astype(np.float32)
    idf = np.maximum(idf, np.float32(_FAINT))  # a term of every document
    blocks, unknown = _matrices(segments, numbering, idf)
    vectors, strengths = _singular(blocks, len(terms), dim)
    return Latent(terms, idf, vectors, strengths, documents, unknown)


def _sampled(segments: Sequence[SegmentTerms]) -> list[SegmentTerms]:
    """The segments with at most about MAX_POSTINGS postings of live documents, left out evenly."""
    every = -(-sum(segment.lexical.posting_count for segment in segments) // MAX_POSTINGS)
    if every <= 1:
        return list(segments)
    sampled = []
    for segment in segments:
        kept = np.zeros_like(segment.live)
        kept[np.flatnonzero(segment.live)[::every]] = True
        sampled.append(SegmentTerms(segment.lexical, kept, segment.columns))
    return sampled


def _all_terms(segment: SegmentTerms) -> list[str]:
    return segment.terms(np.arange(segment.lexical.term_count))


def _vocabulary(
    segments: Sequence[SegmentTerms],
) -> tuple[list[str], list[npt.NDArray[np.int64]], npt.NDArray[np.float64]]:
    """The most frequent terms in the order of their bytes; for each segment its terms' numbers there, -1 for others;
    and in how many documents each stands."""
    counted: dict[str, int] = {}
    chosen = []
    for segment in segments:
        df = np.zeros(segment.lexical.term_count, np.int64)
        for rows in segment.blocks():
            df += np.bincount(rows.ids, minlength=len(df))
        frequent = np.argsort(-df, kind="stable")[: 4 * MAX_TERMS]
        frequent = frequent[df[frequent] > 0]
        names = segment.terms(frequent)
        for name, count in zip(names, df[frequent].tolist(), strict=True):
            counted[name] = counted.get(name, 0) + count
        chosen.append((frequent, names))
    ranked = sorted(counted, key=lambda term: (-counted[term], term))[:MAX_TERMS]
    terms = sorted(ranked, key=str.encode)
    numbers = {term: row for row, term in enumerate(terms)}
    numbering = []
    for segment, (frequent, names) in zip(segments, chosen, strict=True):
        known = np.full(segment.lexical.term_count, -1, np.int64)
        known[frequent] = [numbers.get(name, -1) for name in names]
        numbering.append(known)
    return terms, numbering, np.array([counted[term] for term in terms], np.float64)


def _renumbered(rows: TermRows, known: npt.NDArray[np.int64]) -> TermRows:
    """Rows with ids of the model in place of those of a segment; entries of unknown terms are left out."""
    numbers = known[rows.ids]
    kept = select(rows, numbers >= 0)
    return TermRows(numbers[numbers >= 0].astype(np.uint32), kept.counts, kept.offsets)


def _weighted(rows: TermRows, idf: npt.NDArray[np.float32]) -> Any:
    """A sparse matrix (rows, terms) of weights, float32."""
    from scipy.sparse import csr_matrix

    weights = (1 + np.log(rows.counts)) * idf[rows.ids]
    return csr_matrix((weights, rows.ids.astype(np.int32), rows.offsets), (len(rows), len(idf)), dtype=np.float32)


def _matrices(
    segments: Sequence[SegmentTerms], numbering: Sequence[npt.NDArray[np.int64]], idf: npt.NDArray[np.float32]
) -> tuple[list[Any], float]:
    """All documents as blocks of weights, and the share of their tokens that are no terms."""
    blocks: list[Any] = []
    tokens = kept = 0.0
    for segment, known in zip(segments, numbering, strict=True):
        for rows in segment.blocks(FIT_ROWS):
            tokens += float(rows.counts.sum(dtype=np.float64))
            found = _renumbered(rows, known)
            kept += float(found.counts.sum(dtype=np.float64))
            blocks.append(_weighted(found, idf))
    return blocks, 1 - kept / tokens if tokens else 0.0


def _singular(blocks: Sequence[Any], terms: int, dim: int) -> tuple[Matrix, npt.NDArray[np.float64]]:
    """The strongest right singular vectors (terms, dim) of the stacked blocks, and the singular values (dim,)."""
    width = min(dim + OVERSAMPLING, terms, sum(block.shape[0] for block in blocks))
    generator = np.random.Generator(np.random.PCG64(SEED))
    basis = generator.standard_normal((terms, width), np.float32)
    threads = min(os.cpu_count() or 1, width)
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(PASSES):
            columns = [part for part in np.array_split(basis, threads, axis=1) if part.shape[1]]
            images = list(pool.map(lambda some: _there_and_back(blocks, np.ascontiguousarray(some)), columns))
            basis = _orthonormal(np.hstack(images))
            del images
        gram = sum(pool.map(lambda block: _gram(block @ basis), blocks))
    values, rotation = np.linalg.eigh(gram)
    order = np.argsort(-values, kind="stable")[:dim]
    strengths = np.sqrt(np.maximum(values[order], 0))
    real = strengths > _FAINT * strengths.max(initial=0)
    found = basis @ rotation[:, order[real]].astype(np.float32)
    # a singular vector is so only up to its sign: its largest number shall be positive
    found *= np.sign(found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])])
    vectors, values = np.zeros((terms, dim), np.float32), np.zeros(dim)
    vectors[:, : found.shape[1]], values[: found.shape[1]] = found, strengths[real]
    return vectors, values


def _there_and_back(blocks: Sequence[Any], basis: Matrix) -> Matrix:
    """The sum of block.T @ (block @ basis)."""
    total = np.zeros_like(basis)
    for block in blocks:
        total += block.T @ (block @ basis)
    return total


def _orthonormal(columns: Matrix) -> Matrix:
    """An orthonormal basis of the columns (n, m), by their Gram matrix: numpy's QR takes three times the memory.

    Twice, because the first round leaves an error that grows with how unlike the columns' lengths are.
    """
    for _ in range(2):
        blocks = [columns[first : first + FIT_ROWS] for first in range(0, len(columns), FIT_ROWS)]
        values, rotation = np.linalg.eigh(sum(map(_gram, blocks)))
        real = values > _FAINT**2 * max(float(values[-1]), np.finfo(np.float64).tiny)
        scaled = (rotation[:, real] / np.sqrt(values[real])).astype(np.float32)
        columns = columns @ scaled
    return columns


def _gram(image: Matrix) -> npt.NDArray[np.float64]:
    """image.T @ image; of some thousand rows, whose sums single precision can hold."""
    gram: npt.NDArray[np.float64] = (image.T @ image).astype(np.float64)
    return gram
