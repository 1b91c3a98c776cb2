"""A place in the plane for each node of a nearest-neighbour graph, near its neighbours.

After Tang, Liu, Zhang, Mei, "Visualizing Large-scale and High-dimensional Data" (LargeVis, WWW 2016): edges are sampled
by weight and pull their ends together, sampled other nodes push away.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

SAMPLES = 400
"""Edges that are sampled for each node, over the whole run."""
NEGATIVES = 5
GAMMA = 4.0
"""How much a node that is no neighbour weighs; the paper has 7, which tears few documents into small clumps."""
CLIP = 5.0
BLOCK_ROWS = 256
SEED = 2016
_PERPLEXITY_ROUNDS = 40

Matrix = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Progress = Callable[[float], None]


def neighbours(vectors: Matrix, k: int, progress: Progress) -> tuple[Numbers, Matrix]:
    """(numbers, squared distances) of the k nearest other rows of each row (n, dim), nearest first: both (n, k)."""
    n = len(vectors)
    k = min(k, n - 1)
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    found, distances = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    for first in range(0, n, BLOCK_ROWS):
        rows = np.arange(first, min(first + BLOCK_ROWS, n))
        between = lengths[rows, None] + lengths[None] - 2 * (vectors[rows] @ vectors.T)
        between[np.arange(len(rows)), rows] = np.inf
        near = np.argpartition(between, k - 1, axis=1)[:, :k]
        near.sort(axis=1)
        order = np.argsort(np.take_along_axis(between, near, axis=1), axis=1, kind="stable")
        found[rows] = np.take_along_axis(near, order, axis=1)
        distances[rows] = np.maximum(np.take_along_axis(between, found[rows], axis=1), 0)
        progress((rows[-1] + 1) / n)
    return found, distances


def edge_weights(distances: Matrix) -> Matrix:
    """How much each neighbour (n, k) counts, summing to 1 for each node: Gaussians of one perplexity, 0.7 k."""
    wanted = np.log(max(distances.shape[1] * 0.7, 1.0))
    shifted = distances.astype(np.float64) - distances[:, :1]
    scale = max(float(shifted.mean()), 1e-12)
    low, high = np.zeros(len(shifted)), np.full(len(shifted), np.inf)
    beta = np.full(len(shifted), 1 / scale)
    for _ in range(_PERPLEXITY_ROUNDS):
        weights = np.exp(-shifted * beta[:, None])
        total = weights.sum(axis=1)
        entropy = np.log(total) + beta * (shifted * weights).sum(axis=1) / total
        flat = entropy > wanted
        low, high = np.where(flat, beta, low), np.where(flat, high, beta)
        beta = np.where(np.isinf(high), beta * 2, (low + high) / 2)
        beta = np.minimum(beta, 1e12 / scale)
    weights = np.exp(-shifted * beta[:, None])
    shares: Matrix = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def layout(vectors: Matrix, near: Numbers, weights: Matrix, progress: Progress, seed: int = SEED) -> Matrix:
    """Places (n, 2) within -1 and 1. `near` and `weights` (n, k) are the graph; the same arguments, the same places."""
    n, k = near.shape
    generator = np.random.Generator(np.random.PCG64(seed))
    places = np.tanh(_plane(vectors)) * 10 + generator.standard_normal((n, 2)).astype(np.float32) * np.float32(0.1)
    source, target = np.repeat(np.arange(n), k), near.ravel()
    chance = np.cumsum(weights.ravel().astype(np.float64))
    degree = np.bincount(target, weights.ravel(), n) + np.bincount(source, weights.ravel(), n)
    noise = np.cumsum(degree**0.75)
    batch = max(64, n // 2)
    steps = max(1, n * SAMPLES // batch)
    for step in range(steps):
        rate = np.float32(max(1 - step / steps, 1e-3))
        edges = np.searchsorted(chance, generator.random(batch) * chance[-1], side="right")
        edges = np.minimum(edges, len(source) - 1)
        first, second = source[edges], target[edges]
        others = np.searchsorted(noise, generator.random(batch * NEGATIVES) * noise[-1], side="right")
        others = np.minimum(others, n - 1)
        pull = _pull(places[first] - places[second])
        pushed = np.repeat(first, NEGATIVES)
        push = _push(places[pushed] - places[others])
        push[pushed == others] = 0
        moved = push.reshape(batch, NEGATIVES, 2).sum(axis=1) - pull
        for axis in (0, 1):
            change = np.bincount(first, moved[:, axis], n) + np.bincount(second, pull[:, axis], n)
            places[:, axis] += rate * np.clip(change, -CLIP, CLIP).astype(np.float32)
        progress((step + 1) / steps)
    return _framed(places)


def _pull(difference: Matrix) -> Matrix:
    """By how much an edge moves its second end towards the first (edges, 2)."""
    squared = np.einsum("ij,ij->i", difference, difference)
    moved: Matrix = np.clip(difference * (2 / (1 + squared))[:, None], -CLIP, CLIP)
    return moved


def _push(difference: Matrix) -> Matrix:
    """By how much a node is moved away from another (pairs, 2)."""
    squared = np.einsum("ij,ij->i", difference, difference)
    factor = 2 * GAMMA / ((np.float32(0.1) + squared) * (1 + squared))
    moved: Matrix = np.clip(difference * factor[:, None], -CLIP, CLIP)
    return moved


def _plane(vectors: Matrix) -> Matrix:
    """The two directions in which the vectors vary most, scaled to unit variance: (n, 2)."""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    chosen = directions[:, -2:]
    chosen = chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(chosen.shape[1])])
    flat = np.zeros((len(vectors), 2), np.float32)
    flat[:, : chosen.shape[1]] = centred @ chosen.astype(np.float32)
    scaled: Matrix = flat / np.maximum(flat.std(axis=0), np.float32(1e-12))
    return scaled


def _framed(places: Matrix) -> Matrix:
    """Moved and scaled so that all but strays fill the square; strays are brought to its border."""
    low, high = np.percentile(places, 0.5, axis=0), np.percentile(places, 99.5, axis=0)
    half = max(float((high - low).max()) / 2, 1e-9) * 1.05
    framed: Matrix = np.clip((places - (low + high) / 2) / half, -1, 1).astype(np.float32)
    return framed
