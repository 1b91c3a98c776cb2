"""A user of acme tries to see what beta has, through everything that reads; see also tests/unit/server."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.unit.tenants.conftest import SECRETS

import rocchio
from rocchio import ALL_TENANTS
from rocchio.engine.collection import Collection
from rocchio.engine.reading import Reading
from rocchio.errors import DuplicateDocument, InvalidArgument, NotFound, SchemaMismatch

QUERIES: list[Any] = [
    "report",
    "bramble1 report flow",
    "quarterly report about cherry",
    {"bramble2": 1.0, "report": 0.1},
]
PLANS = (
    "bm25",
    "bm25 >> rm3(docs=10, terms=50, most_share=1.0) >> bm25",
    "bm25 >> rocchio(docs=5, terms=50, most_share=1.0) >> bm25",
    "bm25 >> bo1(docs=5, terms=50) >> bm25",
    "bm25 >> kl(docs=5, terms=50) >> bm25",
    "bm25 >> axiomatic(docs=2, draws=20) >> bm25",
    "corocchio(most_share=1.0) >> bm25",
    "offline",
    "rrf(bm25, offline)",
    "bm25 | offline",
)


def shown(value: Any) -> str:
    """Everything that can be read in an answer."""
    if isinstance(value, rocchio.Hit):
        parts = [value.doc_id, value.fields, str(value.passage)]
        with contextlib.suppress(NotFound):
            parts.append(str(value.why()))
        return " ".join(map(str, parts))
    if isinstance(value, rocchio.Run):
        return " ".join(str(list(each)) for each in value.doc_ids)
    if isinstance(value, list):
        return " ".join(map(shown, value))
    return f"{value!s} {value!r}"


def reads(acme: Collection, query: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every way to read, by name."""
    yield "search", lambda: acme.search(query, k=100)
    yield "batch", lambda: acme.search([query, query], k=100, where=["year >= 2000", None])
    yield "where", lambda: acme.search(query, k=100, where="tags STARTS WITH 'b' OR doc_id STARTS WITH 'b' OR year > 0")
    yield "field", lambda: acme.search(query, k=100, field="title")
    yield "vector", lambda: acme.search([1.0, 1.0], field="v", k=100)
    yield "vector score", lambda: acme.search([1.0, 1.0], field="v", min_score=-1.0)
    yield "sparse", lambda: acme.search({"report": 1.0, "bramble1": 5.0}, field="s", k=100)
    mixed = rocchio.query(query, vectors={"v": [1.0, 2.0]}, sparse={"s": {"report": 1.0}})
    yield "hybrid", lambda: acme.search(mixed, k=100)
    yield "snapshot", lambda: acme.snapshot().search(query, k=100)
    yield "count", lambda: acme.count("tags STARTS WITH 'b'")
    yield "explain_filter", lambda: acme.explain_filter("year >= 2000 AND tags IN ('cherry', 'apricot1')", "v")
    yield "click_statistics", acme.click_statistics
    yield "impressions", lambda: acme.snapshot().clicks.impressions
    yield "knn_graph", lambda: acme.knn_graph("v", 3).doc_ids
    yield "range_search", lambda: acme.range_search("v", [[1.0, 1.0]], 2.0).doc_ids[0]
    yield "clusters", lambda: acme.clusters("v", 2).doc_ids
    yield "repr", acme.snapshot
    yield "facets", lambda: acme.facets(values=100).to_dict()
    yield "facets of others", lambda: acme.facets(among=["b1", "a1"], values=100).to_dict()
    yield "document_map", lambda: str(vars(acme.document_map("v")))
    yield "documents", lambda: list(acme.documents())
    yield "documents where", lambda: list(acme.documents("tags STARTS WITH 'b'"))
    words = query if isinstance(query, str) else "report"
    yield "proqe", lambda: str(acme.proqe(words, lambda _query, _document: True, rounds=9, most_share=1.0))
    yield "proqe hits", lambda: acme.proqe(words, lambda _query, _document: True, rounds=9, most_share=1.0).hits
    yield "vector proqe", lambda: acme.plan("bm25 >> vector_rocchio(docs=9) >> dense").search(mixed, k=100)
    yield "experiment", lambda: str(acme.experiment(["bm25", PLANS[1]], {"q": words}, {"q": {"a1": 1}}).runs)
    for plan in PLANS:
        yield plan, lambda plan=plan: acme.search(query, k=100, plan=plan)
        if isinstance(query, str):
            yield f"explain {plan}", lambda plan=plan: acme.plan(plan).explain(query)
            yield f"trace {plan}", lambda plan=plan: acme.plan(plan).run([query], k=100).trace


@pytest.mark.parametrize("query", QUERIES, ids=["plain", "secret", "shared", "weights"])
def test_nothing_of_others_is_read(col: Collection, query: Any) -> None:
    acme = col.for_tenant("acme")
    own = shown(query)
    for name, read in reads(acme, query):
        text = shown(read())
        for word in ("bramble1", "bramble2"):  # what was asked may be told back
            text = text.replace(word, "") if word in own else text
        assert not [secret for secret in SECRETS if secret in text], (name, text)


def test_every_tenant_s_own_is_found(col: Collection) -> None:
    """The tests above see something."""
    for name, read in reads(col.for_tenant("acme"), "report"):
        if name.startswith(("search", "where", "vector", "sparse", "hybrid", "bm25")):
            assert "apricot1" in shown(read()), name


@pytest.mark.parametrize("doc_id", ["b1", "nothing"])
def test_look_ups_tell_the_same_of_others_and_of_nothing(col: Collection, doc_id: str) -> None:
    acme = col.for_tenant("acme")
    told = f"expected a document of the collection, found no doc_id '{doc_id}'"
    for look in (
        lambda: acme.get(doc_id),
        lambda: acme.vector(doc_id, "v"),
        lambda: acme.explain("report", doc_id),
        lambda: acme.explain("report", doc_id, where="year > 0"),
        lambda: col.get(doc_id, tenant="acme"),
        lambda: col.snapshot("acme").get(doc_id),
    ):
        with pytest.raises(NotFound) as error:
            look()
        assert str(error.value) == told
    assert doc_id not in acme
    with pytest.raises(InvalidArgument, match=f"found 1 that are not there: '{doc_id}'"):
        acme.search("report", plan="bm25 >> rocchio >> bm25", relevant=[doc_id])
    with pytest.raises(InvalidArgument, match=f"found 1 that are not there: '{doc_id}'"):
        acme.search("report", plan="bm25 >> rocchio >> bm25", relevant=["a1"], not_relevant=[doc_id])
    assert acme.delete(doc_id) == 0
    assert col.snapshot(ALL_TENANTS).get("b1")["tags"] == "bramble1"


def test_counts_are_of_what_is_seen(col: Collection) -> None:
    acme = col.for_tenant("acme")
    assert len(acme) == acme.count() == len(acme.snapshot()) == acme.count("year > 0") == 6
    assert acme.count("tags STARTS WITH 'bramble'") == 0
    report = acme.explain_filter("year > 0", "v")
    assert (report.count, report.documents) == (6, 6)
    assert sum(plan.vectors for plan in report.plans) == 6
    assert acme.click_statistics().impressions == 1
    assert "_tenants" not in acme.get("ab")
    with pytest.raises(InvalidArgument, match="unknown field '_tenants'"):
        acme.count("_tenants = 'beta'")


def test_statistics_of_tenants(col: Collection, statistics: str) -> None:
    why = col.for_tenant("acme").explain("report", "a1", field="text")
    assert why.terms[0].df == (6 if statistics == "tenant" else 10)  # global statistics tell how many there are


def test_no_tenant_reads_nothing(col: Collection) -> None:
    told = "expected a tenant to read a multi-tenant collection, found none"
    reading: list[Callable[[], Any]] = [read for _, read in reads(col, "report")]
    reading += [lambda: len(col), lambda: "a1" in col, lambda: col.get("a1"), lambda: col.vector("a1", "v")]
    reading += [lambda: col.explain("report", "a1"), lambda: col.recall_report([{"report": 1.0}], "s")]
    reading += [lambda: col.tune({"q": rocchio.query("report", sparse={"s": {"report": 1.0}})}, {"q": {"a1": 1}})]
    reading += [lambda: col.precompute("bm25"), lambda: col.log_clicks([])]
    for read in reading:
        with pytest.raises(InvalidArgument) as error:
            read()
        assert told in str(error.value) or "a handle of one tenant" in str(error.value)
    assert "several tenants" in repr(col)


def test_every_way_to_read_is_tried() -> None:
    """Who adds one to `Reading` says here what a tenant sees of it."""
    tried = {"search", "bm25", "plan", "count", "explain_filter", "explain", "get", "vector", "snapshot"}
    tried |= {"recall_report", "tune", "experiment", "range_search", "clusters", "knn_graph"}
    tried |= {"facets", "document_map", "documents"}
    whole = {"info", "memory", "verify", "tenants"}  # not for tenants
    harmless = {"terms", "schema", "path"}
    assert {name for name in vars(Reading) if not name.startswith("_")} <= tried | whole | harmless
    source = inspect.getsource(Reading)
    allowed = ("scoped(self._snapshot", "self._snapshot.terms", "self._snapshot.schema", "describe(self._snapshot",
               "self._snapshot.memberships")  # fmt: skip
    for text in allowed:
        source = source.replace(text, "")
    assert "self._snapshot" not in source  # it shows the documents of all


def test_handles_of_a_tenant_maintain_nothing(col: Collection) -> None:
    acme = col.for_tenant("acme")
    for change in (
        acme.compact,
        acme.info,
        acme.verify,
        acme.freeze,
        acme.thaw,
        acme.tenants,
        lambda: acme.embed("v"),
        lambda: acme.precompute_embeddings("v"),
        lambda: acme.calibrate([[1.0, 0.0]] * 20, "v"),
        lambda: acme.grant("b1", "acme"),
        lambda: acme.revoke("ab", "beta"),
        lambda: acme.delete_tenant("beta"),
        lambda: acme.for_tenant("beta"),
    ):
        with pytest.raises(InvalidArgument, match="expected a handle of the whole collection"):
            change()
    for other in ("beta", ALL_TENANTS):
        for look in (
            lambda other=other: acme.search("report", tenant=other),
            lambda other=other: acme.snapshot(other),
            lambda other=other: acme.snapshot().search("report", tenant=other),
            lambda other=other: acme.snapshot().explain("report", "a1", tenant=other),
            lambda other=other: acme.plan("bm25").search("report", tenant=other),
            lambda other=other: acme.proqe("report", {}, tenant=other),
        ):
            with pytest.raises(InvalidArgument, match="expected the tenant 'acme', whose handle this is"):
                look()


def test_handles_of_a_tenant_write_what_is_theirs(col: Collection) -> None:
    acme = col.for_tenant("acme")
    with pytest.raises(DuplicateDocument, match="doc_id 'b1' is in the collection already"):
        acme.add({"doc_id": "b1", "text": "mine"})
    for doc_id in ("b1", "ab"):
        with pytest.raises(
            DuplicateDocument, match=f"doc_id '{doc_id}' is taken by a document that is not this tenant"
        ):
            acme.upsert({"doc_id": doc_id, "text": "mine"})
    with pytest.raises(SchemaMismatch, match="found 'beta' in a handle of 'acme'"):
        acme.add({"doc_id": "new", "text": "for you", "_tenants": "beta"})
    with pytest.raises(InvalidArgument, match="expected no tenants in the handle of 'acme'"):
        acme.add({"doc_id": "new", "text": "for you"}, tenants=["beta"])
    acme.upsert([{"doc_id": "a1", "text": "changed"}, {"doc_id": "new", "text": "report"}])
    assert acme.upsert({"doc_id": "new", "text": "report again"}).replaced == 1  # pending, and theirs
    assert acme.delete(["a0", "ab", "b2", "nothing"]) == 2
    col.commit()
    assert sorted(doc_id for doc_id in ("a0", "a1", "ab", "new") if doc_id in acme) == ["a1", "new"]
    assert acme.get("a1")["text"] == "changed"
    beta = col.for_tenant("beta")
    assert "ab" in beta
    assert "b2" in beta
    assert "new" not in beta
    assert col.tenants() == {"acme": 5, "beta": 5}


def test_a_pending_document_of_others_is_theirs(col: Collection) -> None:
    """Several tenants write through one writer, as on a server."""
    acme, beta = col.for_tenant("acme"), col.for_tenant("beta")
    beta.add({"doc_id": "pending", "text": "of beta"})
    with pytest.raises(DuplicateDocument):
        acme.upsert({"doc_id": "pending", "text": "of acme"})
    assert acme.delete("pending") == 0
    col.add({"doc_id": "both", "text": "of both"}, tenants=["acme", "beta"])
    assert acme.delete("both") == 1
    col.commit()
    assert beta.get("pending")["text"] == "of beta"
    assert beta.get("both")["text"] == "of both"
    assert "both" not in acme


def test_revoked_documents_leave_nothing_behind(col: Collection) -> None:
    """Offline feedback that was made of them goes too."""
    acme = col.for_tenant("acme")
    before = acme.snapshot()
    assert "apricot1" in json.dumps([hit.doc_id + str(hit.fields) for hit in acme.search("report", plan="offline")])
    assert col.revoke(["a1", "b1", "nothing"], "acme").changed == 1
    assert "a1" not in acme
    assert "a1" in before  # snapshots do not change
    with pytest.raises(InvalidArgument, match="expected precomputed feedback"):
        acme.search("report", plan="offline")
    assert "a1" not in [hit.doc_id for hit in acme.search("report apricot1", k=100, plan="corocchio >> bm25")]
    assert "a1" in col.snapshot(ALL_TENANTS)
