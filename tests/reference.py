"""BM25 written down as plainly as possible: what the engine must equal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

Tokenize = Callable[[str], list[str]]


def idf(variant: str, n: int, df: int) -> float:
    return {
        "robertson": lambda: math.log(max(1.0, (n - df + 0.5) / (df + 0.5))),
        "lucene": lambda: math.log(1 + (n - df + 0.5) / (df + 0.5)),
        "anserini": lambda: math.log(1 + (n - df + 0.5) / (df + 0.5)),
        "atire": lambda: math.log(n / df),
        "bm25l": lambda: math.log((n + 1) / (df + 0.5)),
        "bm25+": lambda: math.log((n + 1) / df),
    }[variant]()


def tf_component(variant: str, tf: float, norm: float, k1: float, delta: float) -> float:
    if variant in ("robertson", "lucene", "anserini"):
        return tf / (k1 * norm + tf) if tf else 0.0
    if variant == "atire":
        return (k1 + 1) * tf / (tf + k1 * norm) if tf else 0.0
    if variant == "bm25l":
        c = tf / norm
        return (k1 + 1) * (c + delta) / (k1 + c + delta)
    return ((k1 + 1) * tf / (k1 * norm + tf) if tf else 0.0) + delta


def length_byte(length: int) -> int:
    """Lucene's SmallFloat.intToByte4: lengths below 24 as they are, what is above as a float of four bits."""
    if length < 24:
        return length
    above = length - 24
    if above < 8:  # without a hidden bit
        return 24 + above
    shift = above.bit_length() - 4
    return 24 + ((above >> shift) & 7 | (shift + 1) << 3)


def byte_length(byte: int) -> int:
    """Lucene's SmallFloat.byte4ToInt."""
    if byte < 24:
        return byte
    bits, shift = (byte - 24) & 7, ((byte - 24) >> 3) - 1
    return 24 + (bits if shift == -1 else (bits | 8) << shift)


def kept_length(variant: str, length: float) -> float:
    """A document's length as a variant knows it."""
    return byte_length(length_byte(int(length))) if variant == "anserini" else length


def search(
    documents: Mapping[str, Mapping[str, str]],
    query: Mapping[str, float],
    boosts: Mapping[str, float],
    tokenize: Tokenize,
    *,
    variant: str = "lucene",
    k1: float = 0.9,
    b: float = 0.4,
    delta: float = 0.5,
) -> list[tuple[str, float]]:
    """All matching documents, best first, ties by doc_id. Field boosts multiply term frequencies and lengths."""
    counts: dict[str, Counter[str]] = {}
    lengths: dict[str, float] = {}
    for doc_id, fields in documents.items():
        total: Counter[str] = Counter()
        length = 0.0
        for name, boost in boosts.items():
            tokens = tokenize(fields.get(name) or "")
            for token in tokens:
                total[token] += boost
            length += boost * len(tokens)
        counts[doc_id], lengths[doc_id] = total, length
    n = len(documents)
    average = sum(lengths.values()) / n if n and sum(lengths.values()) else 1.0
    df = {term: sum(1 for c in counts.values() if c[term] > 0) for term in query}
    terms = [(term, weight) for term, weight in query.items() if df[term] and weight]
    found = []
    for doc_id, count in counts.items():
        if not any(count[term] > 0 for term, _ in terms):
            continue
        norm = 1 - b + b * kept_length(variant, lengths[doc_id]) / average
        score = sum(w * idf(variant, n, df[t]) * tf_component(variant, count[t], norm, k1, delta) for t, w in terms)
        found.append((doc_id, float(np.float32(score))))
    return sorted(found, key=lambda item: (-item[1], item[0]))


def same_ranking(found: list[tuple[str, float]], expected: list[tuple[str, float]], tolerance: float = 1e-5) -> bool:
    """Equal scores within a relative tolerance and equal order, where only documents that tie may change places."""
    if len(found) != len(expected):
        return False
    scores = dict(expected)
    for (doc_id, score), (_, wanted) in zip(found, expected, strict=True):
        if doc_id not in scores or abs(score - scores[doc_id]) > tolerance * max(1e-3, abs(scores[doc_id])):
            return False
        if abs(scores[doc_id] - wanted) > tolerance * max(1e-3, abs(wanted)):
            return False
    return len({doc_id for doc_id, _ in found}) == len(found)
