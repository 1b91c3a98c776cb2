"""A key of the tenant acme tries to see, and to change, what beta has, through every route and every tool."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.server.asker import Asker
from tests.unit.server.test_access import bearer, routes, send
from tests.unit.tenants.conftest import DOCUMENTS, FIELDS, SECRETS

import rocchio
from rocchio.server.keys import KeyFile

BODIES: dict[str, list[dict[str, Any]]] = {
    "/search": [
        {"text": "report", "k": 100, "fields": True, "highlight": True, "explain": True},
        {"text": "report"},
        {"text": "flow", "k": 50, "plan": "bm25 >> rm3(terms=50, most_share=1.0) >> bm25", "explain": True},
        {"vectors": {"v": [1.0, 1.0]}, "k": 100, "fields": True},
        {"text": "report", "vectors": {"v": [1.0, 1.0]}, "sparse": {"s": {"report": 1.0}}, "k": 100, "explain": True},
        {"text": "report", "where": "year >= 0", "k": 100, "fields": ["tags"]},
    ],
    "/search/batch": [{"queries": ["report", "flow"], "k": 100, "where": ["year > 0", None]}],
    "/explain": [{"text": "report", "doc_id": "b1"}, {"text": "report", "doc_id": "ab"}],
    "/count": [{"where": "tags STARTS WITH 'b'"}, {}],
    "/facets": [{"values": 100}, {"text": "report", "depth": 100}, {"where": "tags STARTS WITH 'b'"}],
    "/refine": [
        {
            "text": "report",
            "plan": "bm25 >> rocchio(docs=5, terms=50, most_share=1.0) >> bm25",
            "relevant": ["a1"],
            "k": 50,
        },
        {"text": "report", "plan": "bm25 >> rm3(docs=10, terms=50, most_share=1.0) >> bm25", "k": 50},
    ],
    "/map": [{"field": "v"}, {}],
    "/experiments": [
        {
            "plans": ["bm25", "bm25 >> rm3(terms=50, most_share=1.0) >> bm25"],
            "queries": {"q": "report"},
            "qrels": {"q": {"a1": 1}},
            "name": "mine",
        }
    ],
    "/tenants/beta/grant": [{"doc_ids": ["a1", "b1"]}],
    "/tenants/beta/revoke": [{"doc_ids": ["b1", "ab"]}],
}


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    file = KeyFile(tmp_path / "keys.json")
    made = {tenant: file.add("write", tenant)[0] for tenant in ("acme", "beta", "nobody")}
    return made | {"acme admin": file.add("admin", "acme")[0], "root": file.add("admin")[0]}


@pytest.fixture
def ask(tmp_path: Path, serve: Callable[..., Asker], keys: dict[str, str]) -> Asker:
    folder = tmp_path / "served"
    with rocchio.create(folder / "papers.rocchio", fields=FIELDS, analyzer="whitespace", tenants="tenants") as col:
        col.add(DOCUMENTS)
        col.commit()
    with rocchio.create(folder / "bramble.rocchio", fields=FIELDS) as col:  # of nobody in particular
        col.add({"doc_id": "b1", "text": "bramble"})
        col.commit()
    return serve(folder, keys=tmp_path / "keys.json")


def told_of_others(text: str, path: str = "") -> list[str]:
    for own in ("b1", "bramble") if "b1" in path else ():
        text = text.replace(f"found no doc_id '{own}'", "")
    text = re.sub("urn:rocchio:request:[0-9a-f-]+", "", text)  # may hold b0 by chance
    return [secret for secret in SECRETS if secret in text]


def test_no_route_tells_of_others(ask: Asker, keys: dict[str, str]) -> None:
    """Every route of the OpenAPI document, with its examples and with bodies that ask for all."""
    for who in ("acme", "acme admin"):
        for method, path, options in routes(ask):
            for name in ("a1", "b1", "ab"):
                place = path.replace("/a1", f"/{name}")
                bodies = [options]
                for end, more in BODIES.items():
                    if path.endswith("/papers" + end):
                        bodies += [{**options, "content": json.dumps(body)} for body in more]
                for each in bodies:
                    answer = send(ask, method, place, each, bearer(keys[who]))
                    asked = place + str(each.get("content", ""))
                    assert not told_of_others(answer.text, asked), (who, method, place, each, answer.text)
    beta = bearer(keys["beta"])
    assert ask("GET", "/collections/papers/experiments", headers=beta).json() == {"experiments": []}
    assert ask("GET", "/collections/papers/experiments", headers=bearer(keys["acme"])).json()["experiments"]
    hits = ask("POST", "/collections/papers/search", json={"text": "report", "k": 100}, headers=beta).json()["hits"]
    assert sorted(hit["doc_id"] for hit in hits) == ["ab", "b0", "b1", "b2", "b3"]  # nothing of theirs was changed


def test_each_key_sees_what_is_theirs(ask: Asker, keys: dict[str, str]) -> None:
    for who, count in (("acme", 6), ("beta", 5), ("root", 10)):
        key = bearer(keys[who])
        assert ask("POST", "/collections/papers/count", json={}, headers=key).json()["count"] == count
        listed = {
            each["name"]: each["documents"] for each in ask("GET", "/collections", headers=key).json()["collections"]
        }
        assert listed == ({"papers": count} if who != "root" else {"papers": 10, "bramble": 1})
        about = ask("GET", "/collections/papers", headers=key).json()
        assert about["documents"] == count
        assert ("segments" in about) == (who == "root")
    nobody = bearer(keys["nobody"])
    assert ask("GET", "/collections", headers=nobody).json() == {"collections": []}
    answer = ask("POST", "/collections/papers/search", json={"text": "report"}, headers=nobody)
    assert answer.status_code == 404
    assert "expected a tenant that sees a document, found 'nobody'" in answer.json()["detail"]


def test_answers_are_the_same_for_others_and_for_nothing(ask: Asker, keys: dict[str, str]) -> None:
    key = bearer(keys["acme"])
    for method, path, body in (
        ("GET", "/documents/NAME", None),
        ("DELETE", "/documents/NAME", None),
        ("POST", "/explain", {"text": "report", "doc_id": "NAME"}),
        ("POST", "/documents/delete", {"doc_ids": ["NAME"]}),
        ("POST", "/search", {"text": "report", "plan": "bm25 >> rocchio >> bm25", "relevant": ["NAME"]}),
    ):
        told = []
        for name in ("b1", "zz"):
            given = None if body is None else json.loads(json.dumps(body).replace("NAME", name))
            options = {} if given is None else {"json": given}
            answer = ask(method, "/collections/papers" + path.replace("NAME", name), headers=key, **options)
            content = {name: value for name, value in answer.json().items() if name not in ("instance", "generation")}
            told.append((answer.status_code, json.dumps(content).replace(name, "NAME")))
        assert told[0] == told[1]
    root = bearer(keys["root"])
    assert ask("GET", "/collections/papers/documents/b1", headers=root).status_code == 200


def test_writing_for_a_tenant(ask: Asker, keys: dict[str, str]) -> None:
    acme, beta, root = (bearer(keys[who]) for who in ("acme", "beta", "root"))
    documents = "/collections/papers/documents"
    for doc_id in ("b1", "ab"):
        body = {"documents": [{"doc_id": doc_id, "text": "stolen"}]}
        assert ask("POST", documents, json=body, headers=acme).status_code == 409
    body = {"documents": [{"doc_id": "new", "text": "for beta", "_tenants": ["beta"]}]}
    assert ask("POST", documents, json=body, headers=acme).status_code == 422
    assert (
        ask("POST", documents, json={"documents": [{"doc_id": "n1", "text": "mine"}]}, headers=acme).status_code == 200
    )
    assert ask("GET", f"{documents}/n1", headers=acme).status_code == 200
    assert ask("GET", f"{documents}/n1", headers=beta).status_code == 404
    lines = "".join(json.dumps({"doc_id": doc_id, "text": "line"}) + "\n" for doc_id in ("n2", "b2", "ab"))
    told = ask("POST", "/collections/papers/ingest", content=lines,
               headers={**acme, "content-type": "application/x-ndjson"})  # fmt: skip
    last = json.loads(told.text.splitlines()[-1])
    assert (last["written"], last["rejected"]) == (1, 2)
    assert {error["line"] for error in last["errors"]} == {2, 3}
    assert ask("DELETE", f"{documents}/ab", headers=acme).json()["deleted"] == 1
    assert ask("GET", f"{documents}/ab", headers=acme).status_code == 404
    assert ask("GET", f"{documents}/ab", headers=beta).json()["fields"]["tags"] == "cherry"
    assert ask("GET", f"{documents}/b2", headers=root).json()["fields"]["tags"] == "bramble2"
    missing = ask("POST", documents, json={"documents": [{"doc_id": "x", "text": "y"}]}, headers=root)
    assert missing.status_code == 422
    assert "expected the tenants that see the document" in missing.json()["detail"]
    given = {"documents": [{"doc_id": "x", "text": "y", "_tenants": ["beta"]}]}
    assert ask("POST", documents, json=given, headers=root).status_code == 200
    made = {"name": "more", "fields": {"text": {"kind": "text"}}, "tenants": "tenants(statistics=global)"}
    assert ask("POST", "/collections", json=made, headers=root).status_code == 201


def test_who_sees_what_is_changed_by_whoever_runs_the_server(ask: Asker, keys: dict[str, str]) -> None:
    acme, beta, root = (bearer(keys[who]) for who in ("acme", "beta", "root"))
    tenants, document = "/collections/papers/tenants", "/collections/papers/documents/a1"
    assert ask("GET", tenants, headers=root).json() == {"tenants": {"acme": 6, "beta": 5}}
    body = {"doc_ids": ["a1", "ab", "none"]}
    granted = ask("POST", f"{tenants}/beta/grant", json=body, headers=root).json()
    assert {name: granted[name] for name in ("tenant", "changed", "unchanged", "missing", "missing_ids")} == {
        "tenant": "beta", "changed": 1, "unchanged": 1, "missing": 1, "missing_ids": ["none"]
    }  # fmt: skip
    assert ask("GET", document, headers=beta).status_code == 200
    revoked = ask("POST", f"{tenants}/beta/revoke", json=body, headers=root).json()
    assert (revoked["changed"], revoked["generation"]) == (2, granted["generation"] + 1)
    assert ask("GET", document, headers=beta).status_code == 404
    assert ask("GET", document, headers=acme).status_code == 200
    gone = ask("DELETE", f"{tenants}/beta", headers=root).json()
    assert (gone["documents"], gone["remaining"]) == (4, 0)
    assert ask("GET", tenants, headers=root).json() == {"tenants": {"acme": 6}}
    assert ask("DELETE", f"{tenants}/beta", headers=root).status_code == 404
    assert ask("POST", f"{tenants}/-/grant", json=body, headers=root).status_code == 422
    many = {"doc_ids": ["x"] * 100_001}
    refused = ask("POST", f"{tenants}/acme/grant", json=many, headers=root)
    assert (refused.status_code, "100,000" in refused.json()["detail"]) == (413, True)
    for method, path in (("GET", ""), ("POST", "/acme/grant"), ("POST", "/acme/revoke"), ("DELETE", "/acme")):
        options = {"json": body} if method == "POST" else {}
        answer = ask(method, f"/collections/bramble/tenants{path}", headers=root, **options)
        assert (answer.status_code, "multi-tenant" in answer.text) == (422, True)


def test_tools_of_agents(tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from tests.unit.server.test_agents import ask as ask_tool

    from rocchio.server.catalogue import Catalogue

    for name, tenants in (("papers", "tenants"), ("bramble", None)):
        with rocchio.create(
            tmp_path / "f" / f"{name}.rocchio", fields=FIELDS, analyzer="whitespace", tenants=tenants
        ) as col:
            col.add(DOCUMENTS if tenants else [{"doc_id": "b1", "text": "bramble"}])
            col.commit()
    catalogue = Catalogue(tmp_path / "f")

    def call(tool: str, tenant: str | None = "acme", **arguments: Any) -> Any:
        return ask_tool(catalogue, lambda client: client.call_tool(tool, arguments), may_write=True, tenant=tenant)

    try:
        listed = call("list_collections").structured_content["collections"]
        assert [(each["name"], each["documents"]) for each in listed] == [("papers", 6)]
        answers = [
            call("list_collections"),
            call("search", query="report", top_k=50),
            call(
                "search", query="flow", top_k=50, plan="bm25 >> rm3(terms=50, most_share=1.0) >> bm25", where="year > 0"
            ),
            call("feedback", query="report", relevant=["a1"], top_k=50),
            call("search", query="flow", collection="bramble-"),
        ]
        for answer in answers:
            assert not told_of_others(str(answer).replace("bramble-", ""))
        assert not answers[1].is_error
        for tool, arguments in (
            ("fetch", {"id": "b1"}),
            ("feedback", {"query": "report", "relevant": ["b1"]}),
            ("upsert", {"documents": [{"doc_id": "b1", "text": "stolen"}]}),
            ("search", {"query": "flow", "collection": "bramble"}),
        ):
            assert call(tool, **arguments).is_error
        assert call("delete", doc_ids=["b1"]).structured_content["deleted"] == 0
        assert call("upsert", documents=[{"doc_id": "new", "text": "mine"}]).structured_content["written"] == 1
        assert call("fetch", tenant="beta", id="b1").structured_content["fields"]["tags"] == "bramble1"
        unbound = call("search", tenant=None, query="report", collection="papers")
        assert unbound.is_error
        assert "expected a tenant to read a multi-tenant collection" in str(unbound)
    finally:
        catalogue.close()
