"""Lexical feedback written down as plainly as possible, with dicts: what every method must equal.

A `World` is a collection as {doc_id: {term: frequency}}; feedback documents are (doc_id, score) pairs, the first
`positive` of them for the query, the others against it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rocchio.feedback import FeedbackTerms, TermFilter
from tests.reference import idf

Weights = dict[str, float]
Scored = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class World:
    documents: Mapping[str, Mapping[str, float]]

    def df(self, term: str) -> int:
        return sum(1 for counts in self.documents.values() if counts.get(term, 0) > 0)

    def frequency(self, term: str) -> float:
        return float(sum(counts.get(term, 0) for counts in self.documents.values()))

    def length(self, doc_id: str) -> float:
        return float(sum(self.documents[doc_id].values()))

    @property
    def tokens(self) -> float:
        return sum(map(self.length, self.documents))

    def __len__(self) -> int:
        return len(self.documents)


@dataclass(frozen=True)
class Statistics:
    """The same as `rocchio.feedback.Collection`."""

    world: World

    @property
    def documents(self) -> int:
        return len(self.world)

    @property
    def tokens(self) -> float:
        return self.world.tokens

    def df(self, term: str) -> int:
        return self.world.df(term)

    def idf(self, df: int) -> float:
        return idf("lucene", len(self.world), df)

    def frequency(self, term: str) -> float:
        return self.world.frequency(term)

    def parts(self, df: Any, frequencies: Any, lengths: Any) -> Any:
        return np.array([bm25(self.world, *values) for values in zip(df.tolist(), frequencies, lengths, strict=True)])


def bm25(world: World, df: int, tf: float, length: float) -> float:
    """What BM25 by default makes of a term in a document."""
    average = world.tokens / len(world) if world.tokens else 1.0
    return idf("lucene", len(world), df) * tf / (0.9 * (0.6 + 0.4 * length / average) + tf)


def kept(world: World, doc_id: str, accepted: TermFilter) -> Weights:
    """The terms of a document that a filter lets through."""
    counts = world.documents[doc_id]
    usable = [term for term in counts if accepted.accepts(term, world.df(term), len(world)) and counts[term] > 0]
    usable.sort(key=lambda term: (-counts[term], term.encode()))
    return {term: counts[term] for term in (usable[: accepted.per_document] if accepted.per_document else usable)}


def told(world: World, query: Weights, feedback: Scored, accepted: TermFilter, positive: int | None = None):
    """What the kernels say of the feedback documents of one query, `FeedbackTerms`."""
    held = [kept(world, doc_id, accepted) for doc_id, _ in feedback]
    terms = sorted({term for counts in held for term in counts}, key=str.encode)
    by_id = sorted(range(len(feedback)), key=lambda number: feedback[number][0].encode())
    entries = [
        (number, document, held[document][term])
        for number, term in enumerate(terms)
        for document in by_id
        if term in held[document]
    ]
    return FeedbackTerms(
        query,
        terms.__getitem__,
        np.array([world.df(term) for term in terms], np.uint64),
        np.array([term for term, _, _ in entries], np.uint32),
        np.array([document for _, document, _ in entries], np.uint32),
        np.array([frequency for _, _, frequency in entries], np.float64),
        np.array([score for _, score in feedback], np.float64),
        len(feedback) if positive is None else positive,
        lambda document: world.length(feedback[document][0]),
        Statistics(world),
    )


def best(weights: Weights, count: int) -> Weights:
    """The `count` heaviest above 0, ties by term."""
    order = sorted((term for term in weights if weights[term] > 0), key=lambda term: (-weights[term], term.encode()))
    return {term: weights[term] for term in order[:count]}


def divided(weights: Weights, norm: float) -> Weights:
    return {term: weight / norm for term, weight in weights.items()} if norm else weights


def mixed(query: Weights, share: float, expansion: Weights) -> Weights:
    terms = [*query, *(term for term in expansion if term not in query)]
    both = {term: share * query.get(term, 0.0) + (1 - share) * expansion.get(term, 0.0) for term in terms}
    return {term: weight for term, weight in both.items() if weight}


def euclid(weights: Weights) -> float:
    return math.sqrt(sum(weight**2 for weight in weights.values()))


# ---- section 3 of the formulas, one function each


def rm3(world: World, query: Weights, feedback: Scored, terms=10, original=0.5, most_share=0.1) -> Weights:
    model: Weights = {}
    for doc_id, score in feedback:
        usable = {
            term: tf
            for term, tf in world.documents[doc_id].items()
            if re.fullmatch("[a-z0-9]{2,20}", term) and world.df(term) / len(world) <= most_share
        }
        vector = best(usable, terms)
        norm = sum(vector.values())
        for term, tf in vector.items() if norm > 0.001 else ():
            model[term] = model.get(term, 0.0) + tf / norm * score
    chosen = best(model, terms)
    if not chosen:
        return query
    return mixed(divided(query, sum(map(abs, query.values()))), original, divided(chosen, sum(chosen.values())))


def rm3_terrier(world: World, query: Weights, feedback: Scored, terms=10, original=0.6) -> Weights:
    log_sum = math.log(sum(math.exp(score) for _, score in feedback))
    model: Weights = {}
    for doc_id, score in feedback:
        for term, tf in world.documents[doc_id].items():
            if 2 <= world.df(term) < int(0.1 * len(world)):
                share = math.exp(score - log_sum) * tf / world.length(doc_id) / len(feedback)
                model[term] = model.get(term, 0.0) + share
    chosen = best(model, terms)
    if not chosen:
        return query
    return mixed(divided(query, sum(map(abs, query.values()))), original, divided(chosen, sum(chosen.values())))


def rocchio(
    world: World, query: Weights, feedback: Scored, positive: int,
    terms=10, alpha=1.0, beta=0.75, gamma=0.15, most_share=0.1,
) -> Weights:  # fmt: skip
    def mean(documents: Scored) -> Weights:
        total: Weights = {}
        for doc_id, _ in documents:
            vector = {
                term: float(tf)
                for term, tf in world.documents[doc_id].items()
                if 2 <= len(term) <= 20 and world.df(term) / len(world) <= most_share
            }
            for term, weight in divided(vector, euclid(vector)).items():
                total[term] = total.get(term, 0.0) + weight / len(documents)
        chosen = best(total, terms)
        return divided(chosen, euclid(chosen))

    moved = {term: alpha * weight for term, weight in divided(query, euclid(query)).items()}
    for share, side in ((beta, feedback[:positive]), (-gamma, feedback[positive:])):
        for term, weight in mean(side).items() if side else ():
            moved[term] = moved.get(term, 0.0) + share * weight
    return {term: weight for term, weight in moved.items() if weight > 0}


def soft_rocchio(world: World, query: Weights, feedback: Scored, terms=20, beta=1.0, sharpness=0.3) -> Weights:
    total: Weights = {}
    everything = sum(math.exp(sharpness * (score - feedback[0][1])) for _, score in feedback)
    for doc_id, score in feedback:
        counts = world.documents[doc_id]
        vector = {term: bm25(world, world.df(term), tf, world.length(doc_id)) for term, tf in counts.items()}
        share = math.exp(sharpness * (score - feedback[0][1])) / everything
        for term, weight in divided(vector, euclid(vector)).items():
            total[term] = total.get(term, 0.0) + share * weight
    better = divided(query, euclid(query))
    for term, weight in best(total, terms).items():
        better[term] = better.get(term, 0.0) + beta * weight
    return {term: weight for term, weight in better.items() if weight}


def bm25prf(world: World, query: Weights, feedback: Scored, terms=20, new_term_weight=0.2) -> Weights:
    n, r_all = len(world), len(feedback)

    def relevance(term: str, weight: float) -> tuple[float, int]:
        df = world.df(term)
        r = sum(1 for doc_id, _ in feedback if world.documents[doc_id].get(term, 0) > 0)
        odds = (r + 0.5) * (n - df - r_all + r + 0.5) / ((df - r + 0.5) * (r_all - r + 0.5))
        return max(1e-6, math.log(max(odds, 1e-6)) * weight), r

    offers: Weights = {}
    for doc_id, _ in feedback:
        for term in world.documents[doc_id]:
            weight, r = relevance(term, new_term_weight)
            if term not in query and re.fullmatch("(?=.*[a-z])[a-z0-9]{2,20}", term) and r >= 2:
                offers[term] = weight * math.log(r)
    new = {term: relevance(term, new_term_weight)[0] for term in best(offers, terms)}
    known = {term: relevance(term, 1.0)[0] for term in query if world.df(term)}
    # the second pass multiplies by idf, where the method has none
    return {term: weight / idf("lucene", n, world.df(term)) for term, weight in {**known, **new}.items()}


def mutual_information(first: set[str], second: set[str], pool: set[str]) -> float:
    if not first or not second or pool in (first, second):
        return 0.0
    total = 0.0
    for x in (first, pool - first):
        for y in (second, pool - second):
            joint = len(x & y) / len(pool)
            if joint:
                total += joint * math.log(joint / (len(x) / len(pool) * len(y) / len(pool)))
    return total


def axiomatic(world: World, query: Weights, feedback: Scored, terms=20, beta=0.4, nearest=1000) -> Weights:
    """`feedback` are all documents of the pool."""
    pool = {doc_id for doc_id, _ in feedback}
    places: dict[str, set[str]] = {}
    for doc_id in pool:
        for term in world.documents[doc_id]:
            if re.fullmatch("[a-z]{2,}", term):
                places.setdefault(term, set()).add(doc_id)
    total: Weights = {}
    own: Weights = {}
    for asked, weight in query.items():
        given = math.log((1 + len(world)) // max(1, world.df(asked))) * weight
        if asked not in places:
            own[asked] = given
            continue
        itself = mutual_information(places[asked], places[asked], pool)
        shares = {
            term: given * beta * mutual_information(places[asked], places[term], pool) / itself
            for term in (places if itself else ())
        }
        shares[asked] = given
        for term, share in best(shares, max(terms, nearest)).items():
            total[term] = total.get(term, 0.0) + share
    chosen = {**own, **best(total, terms)}
    size = sum(query.values())
    weights = {term: weight / size for term, weight in chosen.items() if weight > 1e-8}
    return weights or query


def divergence(kind: str, world: World, query: Weights, feedback: Scored, terms=10) -> Weights:
    here: Weights = {}
    for doc_id, _ in feedback:
        for term, tf in world.documents[doc_id].items():
            here[term] = here.get(term, 0.0) + tf
    size = sum(world.length(doc_id) for doc_id, _ in feedback)
    tokens = world.tokens

    def weight(term: str) -> float:
        tf, everywhere = here[term], world.frequency(term)
        if kind == "bo1":
            f = everywhere / len(world)
            return tf * math.log2((1 + f) / f) + math.log2(1 + f)
        p, c = tf / size, everywhere / tokens
        if p < c:
            return 0.0
        if kind == "kl":
            return p * math.log2(p / c)
        return p * math.log2(p / c) + p * math.log2((1 - p) / (1 - c)) if p < 1 else 0.0

    enough = min(2, len(feedback))
    usable = {
        term: weight(term)
        for term in here
        if term in query or sum(1 for doc_id, _ in feedback if world.documents[doc_id].get(term)) >= enough
    }
    if not best(usable, 1):
        return query
    m = here[next(iter(best(usable, 1)))]
    normaliser = {
        "bo1": (m * math.log((1 + m / len(world)) / (m / len(world))) + math.log(1 + m / len(world))) / math.log(2),
        "kl": m * math.log(tokens / size) / (math.log(2) * size) if size < tokens else 0.0,
        "kl_correct": 1.0,
    }[kind]
    if normaliser <= 0:
        return query
    chosen = best(usable, max(terms, len(query)))
    if terms == 0:
        chosen = {term: usable[term] for term in usable if term in query}
    out = dict(query)
    for term, value in chosen.items():
        out[term] = out.get(term, 0.0) + value / normaliser
    return out
