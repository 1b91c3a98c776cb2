"""The client for asyncio: `synchronous` with `await`; a test compares the two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import httpx

from rocchio.client import answers
from rocchio.client.answers import Acknowledgement, Found, Query, place

Result = TypeVar("Result")


class AsyncClient:
    """A server at `url`; `key` is what `rocchio keys add` printed. Close it, or use it in `async with`.

    Options of searches are those of the route, see /openapi.json: k, field, plan, relevant, fields, highlight, ...
    Raises the errors of `rocchio.errors` that the server names, and ServerFailure if it does not answer.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout_s: float = 60.0, **httpx_options: Any) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout_s, **httpx_options)

    async def search(self, collection: str, query: Query = None, **options: Any) -> Found:
        """The best documents for one query."""
        return await self._ask(
            "POST", place(collection, "search"), answers.query_body(query, options), answers.found_of
        )

    async def search_batch(
        self, collection: str, queries: Sequence[Any], **options: Any
    ) -> dict[str, list[tuple[str, float]]]:
        """(doc_id, score), best first, by query id. Queries are texts or bodies like {"terms": {...}}."""
        body = {"queries": list(queries), **options}
        return await self._ask("POST", place(collection, "search", "batch"), body, answers.batch_of)

    async def explain(self, collection: str, doc_id: str, query: Query = None, **options: Any) -> dict[str, Any]:
        """Why a document has its score."""
        body = answers.query_body(query, {"doc_id": doc_id, **options})
        return await self._ask("POST", place(collection, "explain"), body, dict)

    async def count(self, collection: str, where: str | None = None) -> int:
        """How many documents satisfy a filter."""
        return await self._ask(
            "POST", place(collection, "count"), {"where": where}, lambda answer: int(answer["count"])
        )

    async def get(self, collection: str, doc_id: str) -> dict[str, Any]:
        """The stored fields of a document. Raises NotFound."""
        return await self._ask(
            "GET", place(collection, "documents", doc_id), None, lambda answer: dict(answer["fields"])
        )

    async def add(self, collection: str, documents: Iterable[Mapping[str, Any]], mode: str = "add") -> int:
        """Write new documents, all or none; how many. Raises DuplicateDocument."""
        body = {"documents": list(documents), "mode": mode}
        return await self._ask("POST", place(collection, "documents"), body, lambda answer: int(answer["written"]))

    async def upsert(self, collection: str, documents: Iterable[Mapping[str, Any]]) -> int:
        """Write documents, all or none, replacing those that are there; how many."""
        return await self.add(collection, documents, "upsert")

    async def delete(self, collection: str, doc_ids: Iterable[str]) -> int:
        """Delete documents; how many were there."""
        body = {"doc_ids": list(doc_ids)}
        return await self._ask(
            "POST", place(collection, "documents", "delete"), body, lambda answer: int(answer["deleted"])
        )

    async def ingest(self, collection: str, documents: Iterable[Mapping[str, Any]]) -> AsyncIterator[Acknowledgement]:
        """Send documents of any number; when all are sent, yields what is durable."""
        path, lines = place(collection, "ingest"), _lines_of(documents)
        with answers.answering():
            async with self._http.stream("POST", path, content=lines, headers=answers.JSON_LINES) as response:
                if not response.is_success:
                    await response.aread()
                    answers.checked(response)
                async for line in response.aiter_lines():
                    yield answers.acknowledgement_of(line)

    async def experiment(
        self,
        collection: str,
        plans: Sequence[str] | Mapping[str, str],
        queries: Mapping[str, str],
        qrels: Mapping[str, Mapping[str, int]],
        **options: Any,
    ) -> dict[str, Any]:
        """Plans side by side on judged queries, the first as baseline; with a `name` the server keeps the result."""
        body = {"plans": plans, "queries": queries, "qrels": qrels, **options}
        return await self._ask("POST", place(collection, "experiments"), body, dict)

    async def experiments(self, collection: str) -> list[str]:
        """Names of the experiments that the server keeps."""
        path = place(collection, "experiments")
        return await self._ask("GET", path, None, lambda answer: list(answer["experiments"]))

    async def experiment_result(self, collection: str, name: str) -> dict[str, Any]:
        """What an experiment found. Raises NotFound."""
        return await self._ask("GET", place(collection, "experiments", name), None, dict)

    async def log_clicks(self, collection: str, impressions: Iterable[Mapping[str, Any]]) -> int:
        """Append impressions {"session", "query", "shown", "clicked"} to the click log, all or none; how many."""
        body = {"impressions": list(impressions)}
        return await self._ask("POST", place(collection, "clicks"), body, lambda answer: int(answer["logged"]))

    async def tenants(self, collection: str) -> dict[str, int]:
        """The tenants of a multi-tenant collection with how many documents each sees."""
        return await self._ask("GET", place(collection, "tenants"), None, lambda answer: dict(answer["tenants"]))

    async def grant(self, collection: str, tenant: str, doc_ids: Iterable[str]) -> dict[str, Any]:
        """Let a tenant see documents; how many are `changed`, `unchanged`, `missing`."""
        return await self._ask("POST", place(collection, "tenants", tenant, "grant"), {"doc_ids": list(doc_ids)}, dict)

    async def revoke(self, collection: str, tenant: str, doc_ids: Iterable[str]) -> dict[str, Any]:
        """Let a tenant see documents no more; counts as `grant` does."""
        return await self._ask("POST", place(collection, "tenants", tenant, "revoke"), {"doc_ids": list(doc_ids)}, dict)

    async def delete_tenant(self, collection: str, tenant: str) -> dict[str, Any]:
        """Delete a tenant: documents that only they see, their sight of others, their clicks. Raises NotFound."""
        return await self._ask("DELETE", place(collection, "tenants", tenant), None, dict)

    async def collections(self) -> dict[str, int | None]:
        """Documents by collection; None for one that cannot be opened."""
        return await self._ask("GET", "/collections", None, answers.collections_of)

    async def create(
        self, collection: str, fields: Mapping[str, Any], analyzer: str = "english", tenants: str | None = None
    ) -> dict[str, Any]:
        """A new collection with fields like {"text": {"kind": "text", "boost": 2.0}}; what it is now.

        `tenants` is like "tenants(statistics=tenant)", for a multi-tenant collection.
        """
        body = {"name": collection, "fields": dict(fields), "analyzer": analyzer, "tenants": tenants}
        return await self._ask("POST", "/collections", body, dict)

    async def info(self, collection: str) -> dict[str, Any]:
        """Counts, sizes and settings."""
        return await self._ask("GET", place(collection), None, dict)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None, read: Callable[[Any], Result]) -> Result:
        with answers.answering():
            return read(answers.checked(await self._http.request(method, path, json=body)))


async def _lines_of(documents: Iterable[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    for line in answers.lines_of(documents):
        yield line
