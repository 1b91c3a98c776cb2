"""What a tenant sees equals a collection of the tenant's documents alone, whatever was added, granted, revoked, deleted
and merged before."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rocchio
from rocchio import ALL_TENANTS
from rocchio.engine.collection import Collection
from rocchio.errors import NotFound

TENANTS = ("a", "b", "c.d", "e-1")
WORDS = ("wing", "flutter", "shock", "wave", "heat", "flow")
PLANS = (
    "bm25 >> rm3(docs=3, terms=5) >> bm25",
    "bm25 >> rocchio(docs=2, gamma=0.2, bottom_docs=1) >> bm25",
    "bm25 >> axiomatic(docs=2, draws=1) >> bm25",
    "bm25 >> kl(docs=3) >> bm25",
    "bm25 >> vector_rocchio(docs=2) >> dense",
)
_names = st.sets(st.sampled_from(TENANTS), min_size=1)
_ids = st.lists(st.integers(0, 11).map(str), min_size=1, max_size=5, unique=True)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
    return {
        "text": " ".join(words),
        "year": draw(st.integers(0, 5)),
        "s": {word: float(draw(st.integers(1, 4))) for word in words[:2]},
        "v": [float(draw(st.integers(1, 9))) for _ in range(3)],
        "_tenants": sorted(draw(_names)),
    }


_changes = st.one_of(
    st.tuples(st.just("upsert"), st.dictionaries(st.integers(0, 11).map(str), documents(), min_size=1, max_size=6)),
    st.tuples(st.just("delete"), _ids),
    st.tuples(st.just("grant"), st.tuples(_ids, st.sampled_from(TENANTS))),
    st.tuples(st.just("revoke"), st.tuples(_ids, st.sampled_from(TENANTS))),
    st.tuples(st.just("compact"), st.none()),
    st.tuples(st.just("reopen"), st.none()),
    st.tuples(st.just("delete_tenant"), st.sampled_from(TENANTS)),
    st.tuples(st.just("own_delete"), st.tuples(_ids, st.sampled_from(TENANTS))),
)


@dataclass
class Model:
    """The plain form: documents by doc_id, with their tenants."""

    col: Collection
    folder: Path
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)

    def change(self, kind: str, value: Any) -> None:
        getattr(self, f"_{kind}")(value)

    def seen(self, tenant: str) -> dict[str, dict[str, Any]]:
        return {doc_id: each for doc_id, each in self.documents.items() if tenant in each["_tenants"]}

    def _upsert(self, given: dict[str, dict[str, Any]]) -> None:
        self.col.upsert([{"doc_id": doc_id, **each} for doc_id, each in given.items()])
        self.col.commit()
        self.documents |= {doc_id: {**each, "_tenants": set(each["_tenants"])} for doc_id, each in given.items()}

    def _delete(self, ids: list[str]) -> None:
        assert self.col.delete(ids) == len([self.documents.pop(each) for each in ids if each in self.documents])
        self.col.commit()

    def _grant(self, given: tuple[list[str], str]) -> None:
        ids, tenant = given
        summary = self.col.grant(ids, tenant)
        there = [self.documents[each]["_tenants"] for each in ids if each in self.documents]
        assert summary.missing == len(ids) - len(there)
        assert summary.changed == sum(tenant not in tenants for tenants in there)
        for tenants in there:
            tenants.add(tenant)

    def _revoke(self, given: tuple[list[str], str]) -> None:
        ids, tenant = given
        summary = self.col.revoke(ids, tenant)
        there = [self.documents[each]["_tenants"] for each in ids if each in self.documents]
        assert summary.changed == sum(tenant in tenants for tenants in there)
        assert summary.unchanged == len(there) - summary.changed
        for tenants in there:
            tenants.discard(tenant)

    def _compact(self, _: None) -> None:
        self.col.compact()

    def _reopen(self, _: None) -> None:
        self.col.close()
        self.col = rocchio.open(self.folder, embedding_cache=False)

    def _delete_tenant(self, tenant: str) -> None:
        try:
            report = self.col.delete_tenant(tenant)
        except NotFound:
            assert not self.seen(tenant)
            return
        alone = [doc_id for doc_id, each in self.documents.items() if each["_tenants"] == {tenant}]
        assert report.documents == len(alone)
        assert report.shared == len(self.seen(tenant)) - len(alone)
        assert report.remaining == ()
        assert not any(tenant.encode() in path.read_bytes() for path in self.folder.rglob("grants-*"))
        for doc_id in alone:
            del self.documents[doc_id]
        for each in self.documents.values():
            each["_tenants"].discard(tenant)

    def _own_delete(self, given: tuple[list[str], str]) -> None:
        ids, tenant = given
        mine = [each for each in ids if each in self.seen(tenant)]
        assert self.col.for_tenant(tenant).delete(ids) == len(mine)
        self.col.commit()
        for doc_id in mine:
            self.documents[doc_id]["_tenants"].discard(tenant)
            if not self.documents[doc_id]["_tenants"]:
                del self.documents[doc_id]


FIELDS = {"text": rocchio.text(), "year": rocchio.number(integer=True), "s": rocchio.sparse(scale=1.0)}


def _created(folder: Path, **options: Any) -> Collection:
    fields = {**FIELDS, "v": rocchio.vector(3, metric="l2")}
    return rocchio.create(folder, fields=fields, analyzer="whitespace", embedding_cache=False, **options)


def _found(col: Any, query: Any, **options: Any) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in col.search(query, k=20, **options)]


def _compare(seen: Collection, alone: Collection) -> None:
    """Everything that reads gives the same answers."""
    for query in ("wing", "flutter wave heat", {"shock": 1.0, "flow": 0.5}):
        for scoring in ("bm25(k1=0.9, b=0.4)", "bm25(k1=1.2, b=0.75, variant=bm25+)"):
            for where in (None, "year >= 3", "NOT doc_id IN ('1', '2')"):
                options = {"scoring": scoring, "where": where, "field": "text"}
                assert _found(seen, query, **options) == _found(alone, query, **options)
    for recall in (1.0, 0.9):
        assert _found(seen, np.ones(3), field="v", recall=recall) == _found(alone, np.ones(3), field="v", recall=recall)
    assert _found(seen, {"wing": 1.0, "heat": 2.0}, field="s") == _found(alone, {"wing": 1.0, "heat": 2.0}, field="s")
    mixed = rocchio.query("wing flow", vectors={"v": [1.0, 2.0, 3.0]}, sparse={"s": {"wave": 1.0}})
    assert _found(seen, mixed) == _found(alone, mixed)
    assert len(seen) == len(alone)
    assert seen.count("year < 3") == alone.count("year < 3")
    for doc_id in map(str, range(12)):
        assert (doc_id in seen) == (doc_id in alone)
        if doc_id in alone:
            assert seen.get(doc_id) == alone.get(doc_id)
            assert str(seen.explain("wing flow", doc_id)) == str(alone.explain("wing flow", doc_id))


@given(st.lists(_changes, min_size=1, max_size=8), documents())
def test_tenant_equals_own_collection(changes: list[tuple[str, Any]], first: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = Model(_created(folder / "all", tenants="tenants(statistics=tenant)"), folder / "all")
        model.change("upsert", {"0": first})
        for kind, value in changes:
            model.change(kind, value)
        col = model.col
        assert col.tenants() == {each: len(model.seen(each)) for each in TENANTS if model.seen(each)}
        assert col.verify().ok
        assert len(col.snapshot(ALL_TENANTS)) == len(model.documents)
        for tenant in TENANTS:
            mine = model.seen(tenant)
            if not mine:
                with pytest.raises(NotFound, match="expected a tenant that sees a document"):
                    len(col.snapshot(tenant))
                continue
            with _created(folder / f"only-{tenant}") as alone:
                alone.add(
                    [
                        {"doc_id": doc_id} | {k: v for k, v in each.items() if k != "_tenants"}
                        for doc_id, each in mine.items()
                    ]
                )
                alone.commit()
                _compare(col.for_tenant(tenant), alone)
        col.close()


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("segments", [1, 3])
def test_plans_equal_own_collection(plan: str, segments: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    given: list[dict[str, Any]] = [
        {
            "doc_id": f"d{number:03}",
            "text": " ".join(rng.choice([f"w{i}" for i in range(40)], 8).tolist()),
            "year": number % 6,
            "v": rng.standard_normal(3).tolist(),
            "_tenants": sorted(set(rng.choice(TENANTS, 2).tolist())),
        }
        for number in range(120)
    ]
    col = _created(tmp_path / "all", tenants=rocchio.tenants())
    for part in range(segments):
        col.add(given[part::segments])
        col.commit()
    for tenant in TENANTS:
        alone = _created(tmp_path / f"only-{tenant}")
        mine = [each for each in given if tenant in each["_tenants"]]
        for part in range(segments):  # pools are drawn in the order of rows
            alone.add(
                [{k: v for k, v in each.items() if k != "_tenants"} for each in given[part::segments] if each in mine]
            )
            alone.commit()
        queries = ["w1 w2", "w3", "w5 w7 w9"]
        vectors = [rocchio.query(text, vectors={"v": [1.0, 0.5, number]}) for number, text in enumerate(queries)]
        asked = vectors if "dense" in plan else queries
        for where in (None, "year < 4"):
            ours = col.for_tenant(tenant).search(asked, k=30, plan=plan, where=where)
            theirs = alone.search(asked, k=30, plan=plan, where=where)
            assert list(map(list, ours.doc_ids)) == list(map(list, theirs.doc_ids))
            assert [each.tolist() for each in ours.scores] == [each.tolist() for each in theirs.scores]


@given(st.lists(_changes, min_size=1, max_size=6), documents())
def test_global_statistics(changes: list[tuple[str, Any]], first: dict[str, Any]) -> None:
    """Scores are those of all documents; hits are the tenant's among them."""
    with tempfile.TemporaryDirectory() as name:
        model = Model(_created(Path(name) / "all", tenants=rocchio.tenants("global")), Path(name) / "all")
        model.change("upsert", {"0": first})
        for kind, value in changes:
            model.change(kind, value)
        for tenant in TENANTS:
            mine = model.seen(tenant)
            for query in ("wing", "flutter wave") if mine else ():
                for field_name in ("text", "s"):
                    asked: Any = query if field_name == "text" else dict.fromkeys(query.split(), 1.0)
                    every = _found(model.col, asked, field=field_name, tenant=ALL_TENANTS)
                    ours = _found(model.col, asked, field=field_name, tenant=tenant)
                    assert ours == [(doc_id, score) for doc_id, score in every if doc_id in mine]
                    some = _found(model.col, asked, field=field_name, tenant=tenant, where="year > 2")
                    assert some == [(doc_id, score) for doc_id, score in ours if mine[doc_id]["year"] > 2]
                    for doc_id, score in ours:
                        assert model.col.explain(asked, doc_id, field=field_name, tenant=tenant).score == score
        model.col.close()
