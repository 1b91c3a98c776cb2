"""Keys, roles, tenants, rates: who may do what."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.errors.refusal import refused
from tests.unit.server.asker import Asker

from rocchio.errors import BadRecord, InvalidArgument, NotFound, StorageFailure
from rocchio.server.keys import KeyFile
from rocchio.server.limits import Limits
from rocchio.server.rate import RateLimiter
from rocchio.server.run import check_host, is_loopback, listen

OPEN = {"/livez", "/readyz", "/healthz"}


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """A key of each role, and one of a tenant."""
    file = KeyFile(tmp_path / "keys.json")
    made = {role: file.add(role)[0] for role in ("read", "write", "admin")}
    return made | {"tenant": file.add("admin", "acme")[0]}


@pytest.fixture
def guarded(folder: Path, serve: Callable[..., Asker], keys: dict[str, str], tmp_path: Path) -> Asker:
    return serve(folder, keys=tmp_path / "keys.json")


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def routes(ask: Asker) -> list[tuple[str, str, dict[str, Any]]]:
    """Every route of the OpenAPI document with a usable request."""
    document = ask.app.api.openapi()
    found = []
    for template, methods in document["paths"].items():
        path = template.replace("{name}", "papers").replace("{doc_id}", "a1").replace("{tenant}", "beta")
        for method, about in methods.items():
            options: dict[str, Any] = {}
            content = about.get("requestBody", {}).get("content", {})
            for media_type, body in content.items():
                example = body.get("example") or next(iter(body["examples"].values()))["value"]
                options = {"headers": {"content-type": media_type},
                           "content": example if isinstance(example, str) else json.dumps(example)}  # fmt: skip
            found.append((method.upper(), path, options))
    assert len(found) >= 14
    return found


def send(ask: Asker, method: str, path: str, options: dict[str, Any], headers: dict[str, str]) -> Any:
    return ask(method, path, **{**options, "headers": {**options.get("headers", {}), **headers}})


def test_no_route_answers_without_a_key(guarded: Asker):
    for method, path, options in [*routes(guarded), ("GET", "/openapi.json", {}), ("GET", "/nothing", {})]:
        for headers in (
            {},
            bearer("rk_0_x"),
            {"authorization": "Basic eDp5"},
            bearer("rk_" + "0" * 16 + "_" + "A" * 43),
        ):
            answer = send(guarded, method, path, options, headers)
            if path in OPEN:
                assert answer.json() == {"status": "ok"}
            else:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"] == "Bearer"
                assert "papers" not in answer.text


def test_a_key_of_a_tenant_does_not_see_collections_without_tenants(guarded: Asker, keys: dict[str, str]):
    """What it is told of them is what it is told of nothing."""
    for method, path, options in routes(guarded):
        answer = send(guarded, method, path, options, bearer(keys["tenant"]))
        if path in OPEN:
            continue
        if path == "/collections" and method == "GET":
            assert answer.json() == {"collections": []}
            continue
        assert answer.status_code in (403, 404), (method, path, answer.text)
        gone = send(guarded, method, path.replace("papers", "none"), options, bearer(keys["tenant"]))
        assert gone.text.replace("none", "papers").partition("instance")[0] == answer.text.partition("instance")[0]


def test_roles_allow_what_they_say(guarded: Asker, keys: dict[str, str]):
    changing = {"/documents", "/documents/delete", "/ingest", "/clicks"}
    for method, path, options in routes(guarded):
        admin = (method, path) == ("POST", "/collections") or path.endswith(("/verify", "/metrics"))
        admin = admin or "/tenants" in path
        write = method == "DELETE" or any(path.endswith(f"papers{end}") for end in changing)
        for role in ("read", "write"):
            answer = send(guarded, method, path, options, bearer(keys[role]))
            allowed = not admin and (role == "write" or not write)
            assert (answer.status_code == 403) != allowed, (role, method, path, answer.text)
    made = guarded("POST", "/collections", json={"name": "n", "fields": {"t": {"kind": "text"}}},
                   headers=bearer(keys["admin"]))  # fmt: skip
    assert made.status_code == 201


def test_the_openapi_document_says_which_role_a_route_needs(guarded: Asker, keys: dict[str, str]):
    paths = guarded.app.api.openapi()["paths"]
    told = [" ".join(about["description"].split()) for methods in paths.values() for about in methods.values()]
    for (method, path, options), text in zip(routes(guarded), told, strict=True):
        refused_to = [
            role
            for role in ("read", "write")
            if send(guarded, method, path, options, bearer(keys[role])).status_code == 403
        ]
        for role, those in (("write", ["read"]), ("admin", ["read", "write"])):
            assert (f"Needs the role {role}" in text) == (refused_to == those), (method, path, text)


def test_keeping_an_experiment_needs_the_role_write(guarded: Asker, keys: dict[str, str]):
    document = guarded.app.api.openapi()
    assert "the role write" in document["paths"]["/collections/{name}/experiments"]["post"]["description"]
    kept = document["components"]["schemas"]["ExperimentBody"]["properties"]["name"]
    assert "needs the role write" in kept["description"]
    body = {"plans": ["bm25"], "queries": {"q": "flutter"}, "qrels": {"q": {"a1": 1}}}
    for role, name, status in (("read", {}, 200), ("read", {"name": "n"}, 403), ("write", {"name": "n"}, 200)):
        answer = guarded("POST", "/collections/papers/experiments", json=body | name, headers=bearer(keys[role]))
        assert answer.status_code == status, answer.text
    answer = guarded("GET", "/collections/papers/experiments", headers=bearer(keys["read"]))
    assert answer.json() == {"experiments": ["n"]}


def test_the_tenant_never_comes_from_the_request(guarded: Asker, keys: dict[str, str]):
    for where in ({"json": {"text": "x", "tenant": "acme"}},):
        answer = guarded("POST", "/collections/papers/search", headers=bearer(keys["read"]), **where)
        assert answer.status_code == 422
    answer = guarded("POST", "/collections/papers/search?tenant=acme", json={"text": "flutter"},
                     headers={**bearer(keys["read"]), "x-tenant": "acme"})  # fmt: skip
    assert len(answer.json()["hits"]) == 3


def test_a_revoked_key_stops_working(guarded: Asker, keys: dict[str, str], tmp_path: Path):
    assert guarded("GET", "/collections", headers=bearer(keys["read"])).status_code == 200
    file = KeyFile(tmp_path / "keys.json")
    file.revoke(keys["read"].split("_")[1])
    assert guarded("GET", "/collections", headers=bearer(keys["read"])).status_code == 401
    new, _ = file.add("read")
    assert guarded("GET", "/collections", headers=bearer(new)).status_code == 200


def test_the_file_keeps_hashes_for_its_owner(tmp_path: Path):
    file = KeyFile(tmp_path / "keys.json")
    key, info = file.add("write", note="for tests")
    text = (tmp_path / "keys.json").read_text()
    assert key.split("_", 2)[2] not in text
    assert info.sha256 in text
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert file.find(key) == info
    assert file.find(key[:-1]) is None
    assert file.find(key[:-1] + ("A" if key[-1] != "A" else "B")) is None


def test_what_is_no_file_of_keys(tmp_path: Path):
    path = tmp_path / "keys.json"
    with refused(NotFound, "rocchio keys add"):
        KeyFile(path).keys()
    for text in ("", "[]", "{}", '{"version": 2, "keys": []}', '{"version": 1, "keys": [{}]}', "[" * 100_000,
                 '{"version": 1, "keys": [{"id": "1", "sha256": "x", "role": "read", "tenant": null, "note": "", '
                 '"created": ""}]}'):  # fmt: skip
        path.write_text(text)
        with refused(BadRecord, str(path)):
            KeyFile(path).keys()
    with refused(StorageFailure, "cannot"):
        KeyFile(tmp_path / "keys.json" / "under").add("read")
    path.unlink()
    for role, tenant, note in (("root", None, ""), ("read", "../x", ""), ("read", None, "x" * 201)):
        with refused(InvalidArgument, "expected a"):
            KeyFile(path).add(role, tenant, note)
    KeyFile(path).add("read")
    with refused(NotFound, "'none'", "keys list"):
        KeyFile(path).revoke("none")


def test_only_loopback_without_keys():
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    check_host("127.0.0.1", with_keys=False)
    check_host("0.0.0.0", with_keys=True)
    for host in ("0.0.0.0", "::", "192.168.1.2", "example.org"):
        with refused(InvalidArgument, host, "--keys"):
            check_host(host, with_keys=False)


def test_a_port_in_use():
    taken, url = listen("127.0.0.1", 0)
    with taken, refused(InvalidArgument, "--port"):
        listen("127.0.0.1", int(url.rpartition(":")[2]))


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"host": "127.0.0.1:8080"}, True),
        ({"host": "[::1]:8080", "origin": "http://[::1]:8080"}, True),
        ({"host": "localhost:8080", "origin": "http://localhost:8080"}, True),
        ({"host": "localhost:8080", "origin": "http://evil.example"}, False),
        ({"host": "localhost:8080", "origin": "http://localhost:1"}, False),
        ({"host": "localhost", "origin": "null"}, False),
        ({"host": "evil.example"}, False),
        ({"host": "127.0.0.1.evil.example:8080"}, False),
    ],
)
def test_pages_of_other_sites_are_refused_without_keys(ask: Asker, headers: dict[str, str], allowed: bool):
    assert (ask("GET", "/collections", headers=headers).status_code == 200) == allowed


def test_rates(folder: Path, serve: Callable[..., Asker]):
    ask = serve(folder, limits=Limits(rate=3))
    statuses = [ask("GET", "/collections").status_code for _ in range(5)]
    assert statuses[:3] == [200] * 3
    assert 429 in statuses
    answer = ask("GET", "/collections")
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["type"].endswith("BusyError")
    assert ask("GET", "/livez").status_code == 200


def test_a_bucket_fills_again_and_is_forgotten():
    now = [0.0]
    rates = RateLimiter(2, lambda: now[0])
    assert [rates.wait_s("a") for _ in range(3)] == [0, 0, 1]
    assert rates.wait_s("b") == 0
    now[0] = 0.5
    assert [rates.wait_s("a") for _ in range(2)] == [0, 1]
    for number in range(25_000):
        rates.wait_s(str(number))
    assert len(rates._buckets) <= 10_001
    assert RateLimiter(0).wait_s("a") == 0


def test_limits_of_size_and_depth(folder: Path, serve: Callable[..., Asker]):
    ask = serve(folder, limits=Limits(rate=0, body_bytes=1000, depth=8))
    answer = ask.search(text="x" * 1000)
    assert (answer.status_code, answer.json()["type"][-13:]) == (413, "LimitExceeded")
    assert ask.search(text="x" * 900).status_code == 200

    async def pieces() -> Any:
        for _ in range(20):
            yield b" " * 100

    headers = {"content-type": "application/json"}
    assert ask("POST", "/collections/papers/search", content=pieces(), headers=headers).status_code == 413
    for depth, status in ((7, 422), (8, 413), (400, 413)):
        deep = '{"text": "x", "where": ' + "[" * depth + "]" * depth + "}"
        answer = ask("POST", "/collections/papers/search", content=deep, headers=headers)
        assert answer.status_code == status, depth
    answer = ask("POST", "/collections/papers/search", content="[" * 900, headers=headers)
    assert answer.status_code == 400


def test_limits_are_checked():
    for wrong in ({"k": 0}, {"rate": -1}, {"body_s": True}, {"documents": 5000}):
        with refused(InvalidArgument, "found"):
            Limits(**wrong)  # type: ignore[arg-type]
