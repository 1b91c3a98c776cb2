"""The random operations of `test_model` on a collection whose texts are split into passages."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import initialize, invariant
from tests import reference
from tests.stateful.test_model import IDS, WORDS, CollectionMachine, dot, weights

import rocchio
from rocchio.analysis.splitting import Splitter


class PassageMachine(CollectionMachine):
    @initialize()
    def create(self) -> None:
        self.folder = Path(tempfile.mkdtemp()) / "c"
        self.col = rocchio.create(
            self.folder,
            fields={
                "text": rocchio.text(passages=rocchio.passages(tokens=2, overlap=1)),
                "n": rocchio.number(),
                "s": rocchio.sparse(scale=4),
                "v": rocchio.vector(len(WORDS), metric="ip"),
            },
            analyzer="whitespace",
            memory_mb=1,
        )
        self.committed: dict[str, str] = {}
        self.pending: dict[str, str] = {}

    @invariant()
    def committed_documents_are_found(self) -> None:
        if not hasattr(self, "col"):
            return
        assert len(self.col) == len(self.committed)
        assert self.col.info().documents == len(self.committed)
        split = Splitter("whitespace", 2, 1).split
        pieces = {
            f"{doc_id}/{i}": {"text": text[begin:end]}
            for doc_id, text in self.committed.items()
            for i, (begin, end) in enumerate(split(text))
        }
        assert self.col.info().passages == len(pieces)
        query = {"red": 1.0, "one": 2.0, "blue": 0.5}
        ranked = reference.search(pieces, query, {"text": 1.0}, str.split)
        best: dict[str, float] = {}
        for name, score in ranked:
            best.setdefault(name.partition("/")[0], score)
        hits = self.col.search(query, k=50)
        assert reference.same_ranking([(hit.doc_id, hit.score) for hit in hits], list(best.items()))
        for hit in hits:
            assert hit.passage is not None
            assert hit.passage.text in self.committed[hit.doc_id]
            assert set(hit.passage.text.split()) & query.keys()
        sparse = {hit.doc_id: hit.score for hit in self.col.search(query, field="s", k=50)}
        scores = {doc_id: dot(query, weights(text)) for doc_id, text in self.committed.items()}
        assert sparse == {doc_id: score for doc_id, score in scores.items() if score}
        dense = self.col.search([1.0, 0.5, 2.0, 0.0, 1.0], field="v", k=50, recall=1)
        assert sorted(hit.doc_id for hit in dense) == sorted(d for d, text in self.committed.items() if text)
        for doc_id in IDS[:3]:
            assert (doc_id in self.col) == (doc_id in self.committed)
            if doc_id in self.committed:
                assert self.col.get(doc_id)["text"] == self.committed[doc_id]


TestPassages = PassageMachine.TestCase
TestPassages.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
