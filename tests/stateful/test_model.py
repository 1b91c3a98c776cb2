"""Random sequences of operations against a dict: what is committed is what is found, whatever the order."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests import reference

import rocchio
from rocchio.errors import DuplicateDocument, InvalidArgument

IDS = [f"d{i}" for i in range(12)]
WORDS = ["red", "green", "blue", "one", "two"]
doc_ids = st.sampled_from(IDS)
texts = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
batches = st.lists(st.tuples(doc_ids, texts), min_size=1, max_size=6)


def weights(text: str) -> dict[str, float]:
    """What a model might say of a text; whole in quarters, so that sums are exact."""
    return {word: count + len(word) / 4 for word, count in Counter(text.split()).items()}


def vector(text: str) -> list[float] | None:
    """What another model might say; no vector for an empty text."""
    return [float(text.count(word)) for word in WORDS] if text else None


def dot(query: dict[str, float], document: dict[str, float]) -> float:
    return sum(weight * document.get(word, 0.0) for word, weight in query.items())


class CollectionMachine(RuleBasedStateMachine):
    @initialize()
    def create(self) -> None:
        self.folder = Path(tempfile.mkdtemp()) / "c"
        self.col = rocchio.create(
            self.folder,
            fields={
                "text": rocchio.text(),
                "n": rocchio.number(),
                "s": rocchio.sparse(scale=4),
                "v": rocchio.vector(len(WORDS), metric="ip"),
            },
            analyzer="whitespace",
            memory_mb=1,
        )
        self.committed: dict[str, str] = {}
        self.pending: dict[str, str] = {}

    @rule(batch=batches)
    def add(self, batch: list[tuple[str, str]]) -> None:
        last = dict(batch)
        records = [{"doc_id": doc_id, "text": text, "n": 1, "s": weights(text), "v": vector(text)}
                   for doc_id, text in batch]  # fmt: skip
        if last.keys() & self.pending.keys():
            with pytest.raises(DuplicateDocument):
                self.col.add(records)
        else:
            summary = self.col.add(records)
            assert summary.added == len(last)
            assert summary.repeated == len(batch) - len(last)
            self.pending |= last

    @rule(batch=batches)
    def upsert(self, batch: list[tuple[str, str]]) -> None:
        last = dict(batch)
        summary = self.col.upsert(
            [{"doc_id": doc_id, "text": text, "s": weights(text), "v": vector(text)} for doc_id, text in batch]
        )
        assert summary.replaced == len(last.keys() & self.pending.keys())
        self.pending |= last

    @rule(gone=st.lists(doc_ids, max_size=4))
    def delete(self, gone: list[str]) -> None:
        assert self.col.delete(gone) == len(set(gone) & self.pending.keys())
        for doc_id in gone:
            self.pending.pop(doc_id, None)

    @rule()
    def commit(self) -> None:
        self.col.commit()
        self.committed = dict(self.pending)

    @rule()
    def rollback(self) -> None:
        self.col.rollback()
        self.pending = dict(self.committed)

    @rule()
    def flush(self) -> None:
        """What running out of buffer memory does."""
        if self.col._writer is not None:
            self.col._writer._flush()

    @precondition(lambda self: self.pending == self.committed)
    @rule()
    def compact(self) -> None:
        try:
            self.col.compact()
        except InvalidArgument:
            self.col.commit()  # an upsert may leave changes that change nothing
            self.col.compact()
        assert len(self.col.info().segments) <= 1

    @precondition(lambda self: self.pending == self.committed)
    @rule(field=st.sampled_from([None, "s"]), then_thaw=st.booleans())
    def freeze(self, field: str | None, then_thaw: bool) -> None:
        self.col.commit()
        self.col.freeze(field=field)
        if then_thaw:
            self.col.thaw()
        assert bool(self.col.info().frozen_bytes) == (not then_thaw and len(self.col) > 0)

    @rule()
    def reopen(self) -> None:
        self.col.close()
        self.col = rocchio.open(self.folder, memory_mb=1)
        self.pending = dict(self.committed)

    @invariant()
    def committed_documents_are_found(self) -> None:
        if not hasattr(self, "col"):
            return
        assert len(self.col) == len(self.committed)
        query = {"red": 1.0, "one": 2.0, "blue": 0.5}
        hits = [(hit.doc_id, hit.score) for hit in self.col.search(query, k=50)]
        docs = {doc_id: {"text": text} for doc_id, text in self.committed.items()}
        assert reference.same_ranking(hits, reference.search(docs, query, {"text": 1.0}, str.split))
        sparse = {hit.doc_id: hit.score for hit in self.col.search(query, field="s", k=50)}
        scores = {doc_id: dot(query, weights(text)) for doc_id, text in self.committed.items()}
        assert sparse == {doc_id: score for doc_id, score in scores.items() if score}
        dense = {hit.doc_id: hit.score for hit in self.col.search([1.0, 0.5, 2.0, 0.0, 1.0], field="v", k=50, recall=1)}
        vectors = {doc_id: vector(text) for doc_id, text in self.committed.items()}
        products = {doc_id: np.dot([1.0, 0.5, 2.0, 0.0, 1.0], v) for doc_id, v in vectors.items() if v is not None}
        assert dense == products
        for doc_id in IDS[:3]:
            assert (doc_id in self.col) == (doc_id in self.committed)
            if doc_id in self.committed:
                assert self.col.get(doc_id)["text"] == self.committed[doc_id]

    def teardown(self) -> None:
        if hasattr(self, "col"):
            assert self.col.verify().ok
            self.col.close()
            shutil.rmtree(self.folder.parent)


TestCollection = CollectionMachine.TestCase
TestCollection.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
