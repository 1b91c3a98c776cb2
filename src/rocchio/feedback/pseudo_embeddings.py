"""Pseudo query embeddings: a document by a few vectors of what it should be found by (Tang et al., ACL 2021)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
ROUNDS = 10
"""Of k-means, at most: there are tens of vectors."""


def centroids(vectors: Floats, count: int) -> Floats:
    """At most `count` centroids (m, dim) of vectors (n, dim) by k-means; the distinct vectors where there are no more.

    The first centroid is the vector nearest to the mean, each other one the vector farthest from those before: the same
    for the same vectors.
    """
    distinct = np.unique(vectors, axis=0)
    if len(distinct) <= count:
        return distinct
    chosen = distinct[_farthest_first(distinct, count)]
    for _ in range(ROUNDS):
        nearest = _distances(distinct, chosen).argmin(axis=1)
        # a centroid that is nearest to none stays
        moved = np.stack(
            [distinct[nearest == place].mean(axis=0) if (nearest == place).any() else chosen[place]
             for place in range(count)]
        )  # fmt: skip
        if (moved == chosen).all():
            break
        chosen = moved
    return chosen


def _farthest_first(vectors: Floats, count: int) -> list[int]:
    places = [int(_distances(vectors, vectors.mean(axis=0)[None])[:, 0].argmin())]
    least = _distances(vectors, vectors[places])[:, 0]
    while len(places) < count:
        places.append(int(least.argmax()))
        least = np.minimum(least, _distances(vectors, vectors[places[-1:]])[:, 0])
    return places


def _distances(vectors: Floats, others: Floats) -> Floats:
    """Squared (n, m)."""
    found: Floats = ((vectors[:, None, :] - others[None, :, :]) ** 2).sum(axis=2)
    return found


def attention(similarities: Floats, temperature: float) -> Floats:
    """What each centroid of a document counts (m,): the softmax of its similarity to the query over the temperature."""
    weights = np.exp((similarities - similarities.max()) / temperature)
    shares: Floats = weights / weights.sum()
    return shares


def attended_score(similarities: Floats, temperature: float) -> float:
    """q·d for the document d = Σ softmax(q·c / temperature) c, from the similarities q·c (m,) to its centroids."""
    return float(attention(similarities, temperature) @ similarities)
