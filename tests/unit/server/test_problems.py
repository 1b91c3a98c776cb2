"""Every error has its problem response; none shows a trace or a path."""

from __future__ import annotations

import inspect
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.server.asker import Asker

from rocchio import errors
from rocchio.errors import BadRecord, Corruption, IncompatibleFormat, RocchioError
from rocchio.server.logs import Log
from rocchio.server.problems import TABLE, problem_of

LEAVES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if kind.__module__ == errors.__name__ and not kind.__subclasses__()
]
EXAMPLES: dict[type[RocchioError], RocchioError] = {
    BadRecord: BadRecord("/secret/path", 3, "no"),
    Corruption: Corruption("/secret/path", 3, "no"),
    IncompatibleFormat: IncompatibleFormat("/secret/path", 9, 2),
}


def is_problem(answer: Any, status: int, kind: str, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "instance"}
    assert body["status"] == status
    assert body["type"] == f"urn:rocchio:error:{kind}"
    assert "Traceback" not in answer.text
    for word in words:
        assert word in body["detail"], body["detail"]
    assert not body["detail"].endswith(".")


def test_the_table_has_every_error():
    assert set(TABLE) == set(LEAVES)


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_an_error_in_a_search_becomes_its_problem(kind: type[RocchioError], folder: Path, serve, monkeypatch):
    from rocchio.engine.snapshot import Snapshot

    error = EXAMPLES.get(kind) or kind("expected this, found that in /secret/path")
    lines = io.StringIO()
    ask = serve(folder, log=Log(lines))

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(Snapshot, "view", fail)
    answer = ask.search(text="x")
    is_problem(answer, TABLE[kind].status, kind.__name__)
    if TABLE[kind].status >= 500 and kind is not errors.BusyError:
        assert "secret" not in answer.text
        assert "secret" in lines.getvalue()  # for whoever runs the server
    if kind is errors.BusyError:
        assert answer.headers["retry-after"] == "1"


def test_an_unexpected_error_is_told_to_the_log_only(folder: Path, serve: Callable[..., Asker], monkeypatch):
    from rocchio.engine.snapshot import Snapshot

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret")

    lines = io.StringIO()
    ask = serve(folder, log=Log(lines))
    monkeypatch.setattr(Snapshot, "search", fail)
    for path, body in (("search", {"text": "x", "explain": True}), ("search/batch", {"queries": ["x"]})):
        answer = ask("POST", f"/collections/papers/{path}", json=body)
        is_problem(answer, 500, "ServerFailure")
        assert "secret" not in answer.text
        (error,) = (line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "error")
        assert "secret" in error["trace"]
        assert answer.json()["instance"].endswith(error["request"])
        lines.truncate(0)
        lines.seek(0)


PLACE = "/collections/papers"
REFUSED: list[tuple[str, str, dict[str, Any], int, str, tuple[str, ...]]] = [
    ("GET", "/nothing", {}, 404, "NotFound", ("/openapi.json",)),
    ("PATCH", "/collections", {}, 405, "InvalidArgument", ("PATCH",)),
    ("GET", "/collections/none", {}, 404, "NotFound", ("none",)),
    ("GET", f"{PLACE}/documents/none", {}, 404, "NotFound", ("'none'",)),
    ("POST", f"{PLACE}/search", {"content": b"{", "headers": {"content-type": "application/json"}}, 400,
     "InvalidArgument", ("expected JSON",)),
    ("POST", f"{PLACE}/search", {"content": b'{"text": NaN}', "headers": {"content-type": "application/json"}}, 400,
     "InvalidArgument", ("expected JSON",)),
    ("POST", f"{PLACE}/search", {"content": b'{"text": "\xff"}', "headers": {"content-type": "application/json"}}, 400,
     "InvalidArgument", ("expected JSON",)),
    ("POST", f"{PLACE}/search", {"content": b"text=x"}, 415, "InvalidArgument", ("application/json", "none")),
    ("POST", f"{PLACE}/ingest", {"json": {}}, 415, "InvalidArgument", ("application/x-ndjson",)),
    ("POST", f"{PLACE}/search", {"json": []}, 422, "InvalidArgument", ("the body",)),
    ("POST", f"{PLACE}/search", {"json": {}}, 422, "InvalidArgument", ("expected a text",)),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "terms": {"x": 1}}}, 422, "InvalidArgument", ("found both",)),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "k": 0}}, 422, "InvalidArgument", ("k:", "found 0")),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "k": "5"}}, 422, "InvalidArgument", ("k:", "found '5'")),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "q": 5}}, 422, "InvalidArgument", ("q:",)),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "k": 10_001}}, 413, "LimitExceeded", ("10,000",)),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "k": 1001, "fields": True}}, 413, "LimitExceeded", ("1,000",)),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "field": "none"}}, 422, "InvalidArgument", ("'none'",)),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "fields": ["none"]}}, 422, "InvalidArgument", ("'none'",)),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "plan": "bm26"}}, 422, "InvalidArgument", ("bm26",)),
    ("POST", f"{PLACE}/search", {"json": {"text": "x", "plan": "(" * 5000}}, 422, "InvalidArgument", ()),
    ("POST", f"{PLACE}/search", {"json": {"vectors": {"v": [1]}}}, 422, "InvalidArgument", ("2 numbers",)),
    ("POST", f"{PLACE}/search", {"json": {"vectors": {"v": {"base64": "?"}}}}, 422, "InvalidArgument", ("base64",)),
    ("POST", f"{PLACE}/search", {"json": {"vectors": {"v": [1, 0]}, "field": "s"}}, 422, "InvalidArgument",
     ("'v'", "'s'")),
    ("POST", f"{PLACE}/search/batch", {"json": {"queries": ["x"] * 101, "k": 10_000}}, 413, "LimitExceeded",
     ("1,000,000",)),
    ("POST", f"{PLACE}/search/batch", {"json": {"queries": [{"vectors": {"v": [1]}}, {"vectors": {"v": [1, 0]}}]}},
     422, "InvalidArgument", ("one length",)),
    ("POST", f"{PLACE}/explain", {"json": {"text": "x", "doc_id": "none"}}, 404, "NotFound", ("'none'",)),
    ("POST", f"{PLACE}/documents", {"json": {"documents": [{"doc_id": str(i)} for i in range(4097)]}}, 413,
     "LimitExceeded", ("4,096", "ingest")),
    ("POST", f"{PLACE}/documents", {"json": {"documents": [{"doc_id": 3}]}}, 422, "SchemaMismatch", ("document 0",)),
    ("POST", "/collections", {"json": {"name": "../up", "fields": {"t": {"kind": "text"}}}}, 422, "InvalidArgument",
     ("../up",)),
    ("POST", "/collections", {"json": {"name": "papers", "fields": {"t": {"kind": "text"}}}}, 422, "InvalidArgument",
     ("already",)),
    ("POST", "/collections", {"json": {"name": "n", "fields": {"t": {"kind": "text", "dim": 3}}}}, 422,
     "InvalidArgument", ("text field", "dim")),
    ("POST", "/collections", {"json": {"name": "n", "fields": {"t": {"kind": "date"}}}}, 422, "InvalidArgument",
     ("at least one text",)),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "options", "status", "kind", "words"), REFUSED,
                         ids=[f"{each[1]}-{place}" for place, each in enumerate(REFUSED)])  # fmt: skip
def test_what_cannot_be_answered(ask: Asker, method, path, options, status, kind, words):
    is_problem(ask(method, path, **options), status, kind, *words)


def test_where_is_passed_on_to_the_engine(ask: Asker, monkeypatch: pytest.MonkeyPatch):
    from rocchio.engine.snapshot import Snapshot

    given: list[Any] = []
    monkeypatch.setattr(Snapshot, "search", lambda _, query, k, **options: given.append(options) or [])
    assert ask.search(text="x", where="year = 1971").json()["hits"] == []
    assert given == [{"where": "year = 1971"}]


@pytest.mark.parametrize("name", ["%2e%2e", "..%2f..%2fetc", "papers.rocchio%2f..", ".hidden", "a%00b", "%2fetc"])
def test_no_name_leads_out_of_the_folder(ask: Asker, folder: Path, name: str):
    (folder.parent / "outside.rocchio").mkdir()
    for path in (f"/collections/{name}", f"/collections/{name}/documents/a1"):
        assert ask("GET", path).status_code == 404


def test_a_surrogate_in_an_error_is_no_failure():
    problem = problem_of(errors.InvalidArgument("expected text, found \ud800"), "1")
    json.dumps(problem.body).encode()
    assert "?" in problem.body["detail"]
