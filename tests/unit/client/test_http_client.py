"""The clients against a real server: the same answers and the same errors as in a process."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("uvicorn", reason="the extra server is not installed")

from tests.end_to_end.server_process import server
from tests.errors.refusal import refused

import rocchio
from rocchio.client import AsyncClient, Client
from rocchio.client.answers import acknowledgement_of, error_of
from rocchio.errors import (
    BusyError,
    DuplicateDocument,
    InvalidArgument,
    NotFound,
    ServerFailure,
    StorageFailure,
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("client") / "served"
    with server(folder, "--create", "--rate", "0") as (_, url):
        yield url


def drive(client: Any, name: str) -> list[Any]:
    """Ask everything once; what was answered."""
    return [
        client.create(name, {"title": {"kind": "text", "boost": 2.0}, "text": {"kind": "text"}})["documents"],
        client.add(name, [{"doc_id": "a/1", "text": "wing flutter"}, {"doc_id": "a2", "text": "flutter"}]),
        client.upsert(name, [{"doc_id": "a2", "title": "flutter"}]),
        client.ingest(name, [{"doc_id": "a3", "text": "wind"}, {"doc_id": "a4", "txt": "?"}]),
        client.search(name, "flutter wind", k=2, fields=["text"], highlight=True),
        client.search(name, {"wind": 2.0}),
        client.search_batch(name, ["wing", {"text": "wind"}], query_ids=["p", "q"]),
        client.explain(name, "a/1", "wing")["terms"][0]["term"],
        client.get(name, "a/1"),
        client.count(name),
        client.search(name, "wind", plan="bm25 >> rm3 >> bm25", trace=True).trace["steps"][0]["step"],
        client.experiment(name, ["bm25"], {"q": "wind"}, {"q": {"a3": 1}}, name="x")["plans"],
        client.experiments(name),
        client.experiment_result(name, "x")["runs"][0]["run"],
        client.log_clicks(name, [{"session": "s", "query": "wind", "shown": ["a3"], "clicked": [1]}]),
        client.delete(name, ["a/1", "none"]),
        client.info(name)["documents"],
        client.collections()[name],
        client.create(f"{name}-shared", {"text": {"kind": "text"}}, tenants="tenants")["documents"],
        client.add(f"{name}-shared", [{"doc_id": "a1", "text": "wing", "_tenants": ["acme"]}]),
        client.grant(f"{name}-shared", "beta", ["a1", "none"])["missing_ids"],
        client.tenants(f"{name}-shared"),
        client.revoke(f"{name}-shared", "beta", ["a1"])["changed"],
        client.delete_tenant(f"{name}-shared", "acme")["documents"],
    ]


class Awaiting:
    """An AsyncClient whose calls are run to their ends."""

    def __init__(self, client: AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._loop = client, loop

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            waiting = method(*arguments, **options)
            return self._loop.run_until_complete(listed(waiting) if inspect.isasyncgen(waiting) else waiting)

        return call


async def listed(waiting: Any) -> list[Any]:
    return [each async for each in waiting]


def test_both_clients_do_the_same(url: str):
    with Client(url) as client:
        answers = drive(client, "plain")
        answers[3] = list(answers[3])
    assert answers[-6:] == [0, 1, ["none"], {"acme": 1, "beta": 1}, 1, 1]
    loop = asyncio.new_event_loop()
    other = AsyncClient(url)
    assert drive(Awaiting(other, loop), "awaited")[:3] == answers[:3]
    loop.run_until_complete(other.close())
    loop.close()


def test_what_the_answers_are(url: str):
    with Client(url) as client:
        client.create("answers", {"text": {"kind": "text"}})
        client.add("answers", [{"doc_id": "a/1", "text": "wing flutter"}, {"doc_id": "a2", "text": "flutter"}])
        told = list(client.ingest("answers", [{"doc_id": "a3", "text": "wind"}, {"doc_id": "a4", "txt": "?"}]))
        assert (told[-1].lines, told[-1].written, told[-1].rejected, told[-1].done) == (2, 1, 1, True)
        assert told[-1].errors[0]["line"] == 2
        found = client.search("answers", "wing", fields=True, highlight=True, explain=True)
        assert [hit.doc_id for hit in found.hits] == ["a/1"]
        assert found.hits[0].fields == {"text": "wing flutter"}
        assert found.hits[0].snippets["text"]["marks"] == [[0, 4]]
        assert found.hits[0].why["terms"][0]["term"] == "wing"
        assert list(client.search_batch("answers", ["wing", "wind"])) == ["0", "1"]


def test_errors_are_those_of_the_engine(url: str):
    with Client(url) as client:
        client.create("errors", {"text": {"kind": "text"}})
        client.add("errors", [{"doc_id": "a"}])
        with refused(DuplicateDocument, "'a'"):
            client.add("errors", [{"doc_id": "a"}])
        with refused(NotFound, "'none'"):
            client.get("errors", "none")
        with refused(InvalidArgument, "k:"):
            client.search("errors", "x", k=0)
        with refused(NotFound, "none"):
            list(client.ingest("none", []))
        with refused(InvalidArgument, "number 1", "JSON"):
            list(client.ingest("errors", [{"doc_id": "b"}, {"doc_id": object()}]))


def test_a_server_that_is_none(url: str):
    with refused(ServerFailure, "ConnectError"), Client("http://127.0.0.1:9") as client:
        client.collections()
    for answer in (httpx.Response(200, text="hello"), httpx.Response(200, json=[1]), httpx.Response(500, json="no"),
                   httpx.Response(400, json={"type": "urn:rocchio:error:Path", "detail": "x"})):  # fmt: skip
        transport = httpx.MockTransport(lambda _, answer=answer: answer)
        with refused(ServerFailure, "expected"), Client(url, transport=transport) as client:
            client.search("c", "x")


def test_what_the_servers_files_suffer_is_a_failure_of_the_server():
    assert type(error_of({"type": "urn:rocchio:error:StorageFailure", "detail": "full"}, 507)) is ServerFailure
    assert type(error_of({"type": "urn:rocchio:error:BusyError", "detail": "wait"}, 503)) is BusyError
    line = '{"lines": 20, "problem": {"type": "urn:rocchio:error:StorageFailure", "status": 507, "detail": "full"}}'
    with pytest.raises(ServerFailure) as caught:
        acknowledgement_of(line)
    assert "first 20 lines" in caught.value.__notes__[0]
    assert not issubclass(ServerFailure, StorageFailure)


def test_the_two_have_the_same_methods():
    def methods(kind: type) -> dict[str, list[str]]:
        return {name: list(inspect.signature(member).parameters) for name, member in vars(kind).items()
                 if callable(member) and not name.startswith("__")}  # fmt: skip

    assert methods(Client) == methods(AsyncClient)


def test_a_key_is_sent(tmp_path: Path):
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={"collections": []})

    with Client("http://x", "rk_1_2", transport=httpx.MockTransport(answer)) as client:
        assert client.collections() == {}
    assert seen == ["Bearer rk_1_2"]
    assert rocchio.__version__
