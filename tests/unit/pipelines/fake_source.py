"""A source without a collection: runs that depend on the step and the query only, and a count of what was asked."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rocchio.pipelines import Marks, Ranked, Refine, Retrieve
from rocchio.types import Run

DOCUMENTS = [f"d{number:02}" for number in range(40)]


@dataclass
class FakeSource:
    """Queries are texts; a search finds up to 30 of 40 documents, and knows that the others score 0; a query "nothing"
    finds none. Feedback appends the ids of its documents to a query.
    """

    asked: list[tuple[str, int]] = field(default_factory=list)

    def retrieve(self, step: Retrieve, queries: Sequence[str], k: int) -> Ranked:
        self.asked.append((str(step), k))
        lists = [self._list(str(step), query) for query in queries]
        run = Run(
            [str(number) for number in range(len(queries))],
            [ids[:k] for ids, _ in lists],
            [scores[:k] for _, scores in lists],
            "fake",
        )
        whole = min(k, len(DOCUMENTS))
        return Ranked(run, tuple(max(0, whole - len(scores)) for scores in run.scores))

    def refine(
        self, step: Refine, queries: Sequence[str], found: Ranked, marks: Sequence[Marks] | None
    ) -> tuple[list[str], str]:
        self.asked.append((str(step), 0))
        refined, left = [], 0
        for number, query in enumerate(queries):
            ids = list(found.run.doc_ids[number][: step.method.docs])
            if marks is not None and marks[number].relevant:
                ids = list(marks[number].relevant)
            left += not ids
            refined.append(f"{query}+{step}:{','.join(ids)}" if ids else query)
        return refined, f"{left} without feedback unchanged" if left else ""

    def _list(self, step: str, query: str) -> tuple[list[str], Any]:
        if query.startswith("nothing"):
            return [], np.empty(0, np.float32)
        seed = int.from_bytes(hashlib.sha256(f"{step}|{query}".encode()).digest()[:8], "big")
        dice = random.Random(seed)
        ids = dice.sample(DOCUMENTS, dice.randint(1, 30))
        scores = sorted((round(dice.uniform(0.1, 9), 3) for _ in ids), reverse=True)
        order = sorted(zip(ids, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))
        return [doc_id for doc_id, _ in order], np.array([score for _, score in order], np.float32)
