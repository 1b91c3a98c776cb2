"""Qdrant's local mode, in memory: all points that a filter leaves are compared, in numpy.

The filter is evaluated in Python, point by point, so a few queries of each case must do.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from qdrant_client import QdrantClient, models

from filter_cases import Case, FilteredSet, Rows, padded

BATCH = 1024


class QdrantLocal:
    """`QdrantClient(":memory:")`; no effort to choose, always exact."""

    name = "Qdrant local"
    packages: tuple[str, ...] = ("qdrant-client",)
    most_queries: int | None = 2

    def build(self, data: FilteredSet, folder: Path) -> None:
        del folder
        warnings.filterwarnings("ignore", message="Local mode is not recommended")
        self.client = QdrantClient(":memory:")
        size = models.VectorParams(size=data.base.shape[1], distance=models.Distance.DOT)
        self.client.create_collection("c", vectors_config=size)
        names = list(data.numbers)
        for start in range(0, len(data.base), BATCH):
            rows = np.arange(start, min(start + BATCH, len(data.base)))
            numbers = zip(*(data.numbers[name][rows].tolist() for name in names), strict=True)
            payloads = [dict(zip(names, each, strict=True)) for each in numbers]
            points = models.Batch(ids=rows.tolist(), vectors=data.base[rows].tolist(), payloads=payloads)
            self.client.upsert("c", points)

    def efforts(self, k: int) -> Sequence[None]:
        del k
        return [None]

    def search(self, case: Case, k: int, effort: None) -> Rows:
        del effort
        within = models.FieldCondition(key=case.field, range=models.Range(gte=case.lower, lt=case.upper))
        of = models.Filter(must=[within])
        asked = [models.QueryRequest(query=query.tolist(), filter=of, limit=k) for query in case.queries]
        answers = self.client.query_batch_points("c", asked)
        return padded([[point.id for point in answer.points] for answer in answers], k)
