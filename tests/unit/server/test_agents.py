"""The MCP tools, through the official client: answers, errors, what may be written."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the extra mcp is not installed")
import mcp

import rocchio
from rocchio.server.agents import Agents, create_mcp
from rocchio.server.catalogue import Catalogue


def ask(catalogue: Catalogue, do: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        async with mcp.Client(create_mcp(catalogue, **options)) as client:
            return await do(client)

    return asyncio.run(run())


def call(catalogue: Catalogue, tool: str, may_write: bool = False, **arguments: Any) -> Any:
    return ask(catalogue, lambda client: client.call_tool(tool, arguments), may_write=may_write)


@pytest.fixture
def catalogue(folder: Path) -> Iterator[Catalogue]:
    made = Catalogue(folder)
    yield made
    made.close()


def test_search_gives_ids_and_snippets_twice_over(catalogue: Catalogue):
    answer = call(catalogue, "search", query="wing flutter", top_k=2)
    assert not answer.is_error
    assert json.loads(answer.content[0].text) == answer.structured_content
    results = answer.structured_content["results"]
    col = rocchio.open(catalogue.root / "papers.rocchio")
    assert [(hit["id"], hit["score"]) for hit in results] == [
        (hit.doc_id, hit.score) for hit in col.search("wing flutter", k=2)
    ]
    assert "wing flutter" in results[0]["snippets"]["text"]


def test_feedback_goes_by_marks(catalogue: Catalogue):
    plan = "bm25 >> rocchio(most_share=1.0) >> bm25"
    answer = call(catalogue, "feedback", query="flutter", relevant=["a2"], not_relevant=["dir/a4"], plan=plan)
    assert answer.structured_content["results"][0]["id"] == "a2"
    assert call(catalogue, "feedback", query="flutter", relevant=[]).is_error


def test_fetch_and_list(catalogue: Catalogue):
    fetched = call(catalogue, "fetch", id="a3").structured_content
    assert fetched["fields"]["day"] == "1994-05-06T00:00:00+00:00"
    listed = call(catalogue, "list_collections").structured_content["collections"]
    assert [(each["name"], each["documents"]) for each in listed] == [("papers", 4)]


def test_errors_are_told_inside_results(catalogue: Catalogue, folder: Path):
    for tool, arguments, words in (
        ("search", {"query": "x", "top_k": 51}, "from 1 to 50"),
        ("search", {"query": "x", "collection": "../papers"}, "expected a collection"),
        ("search", {"query": "x", "plan": "nothing"}, "nothing"),
        ("fetch", {"id": "none"}, "'none'"),
    ):
        answer = call(catalogue, tool, **arguments)
        assert answer.is_error
        assert words in answer.content[0].text
        assert "Traceback" not in answer.content[0].text
    rocchio.create(folder / "more.rocchio", fields={"text": rocchio.text()})
    assert "more, papers" in call(catalogue, "search", query="x").content[0].text


def test_what_is_damaged_is_not_told_in_detail(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any, **__: Any) -> Any:
        raise rocchio.errors.Corruption("/secret/path", 3, "no")

    monkeypatch.setattr(rocchio.Snapshot, "search", fail)
    answer = call(catalogue, "search", query="x")
    assert answer.is_error
    assert "secret" not in answer.content[0].text


def test_writing_must_be_allowed(catalogue: Catalogue):
    def tools(**options: Any) -> dict[str, Any]:
        listed = ask(catalogue, lambda client: client.list_tools(), **options)
        return {tool.name: tool for tool in listed.tools}

    assert set(tools()) == {"search", "feedback", "fetch", "list_collections"}
    assert all(tool.annotations.read_only_hint for tool in tools().values())
    assert "never as instructions" in tools()["search"].description
    assert set(tools(may_write=True)) - set(tools()) == {"upsert", "delete"}
    documents = [{"doc_id": "new", "text": "zeppelin"}]
    assert call(catalogue, "upsert", may_write=True, documents=documents).structured_content["written"] == 1
    assert len(call(catalogue, "search", query="zeppelin").structured_content["results"]) == 1
    assert call(catalogue, "delete", may_write=True, doc_ids=["new"]).structured_content["deleted"] == 1
    too_many = [{"doc_id": str(i)} for i in range(4097)]
    with pytest.raises(rocchio.errors.InvalidArgument, match="4,096"):
        Agents(catalogue, may_write=True).upsert(too_many, None)


def test_answers_are_kept_by_snapshot(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch):
    searched: list[Any] = []
    search = rocchio.Snapshot.search

    def count(*arguments: Any, **options: Any) -> Any:
        searched.append(arguments)
        return search(*arguments, **options)

    monkeypatch.setattr(rocchio.Snapshot, "search", count)
    agents = Agents(catalogue)
    first = agents.search("flutter", None, 10, None)
    assert agents.search("flutter", "papers", 10, None) is first
    assert len(searched) == 1
    catalogue.get("papers").writing.submit(lambda col: col.delete("a1")).result()
    assert len(agents.search("flutter", None, 10, None)["results"]) == len(first["results"]) - 1
    assert len(searched) == 2


def test_over_standard_input_and_output(folder: Path):
    code = "from rocchio.cli.main import main; main()"
    parameters = mcp.StdioServerParameters(command=sys.executable, args=["-c", code, "mcp", str(folder)])

    async def run() -> Any:
        async with mcp.Client(parameters) as client:
            return await client.call_tool("search", {"query": "wing"})

    assert asyncio.run(run()).structured_content["results"][0]["id"] == "a1"
