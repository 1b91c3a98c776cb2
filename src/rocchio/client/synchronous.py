"""The client for ordinary programs. `asynchronous` is the same with `await`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import httpx

from rocchio.client import answers
from rocchio.client.answers import Acknowledgement, Found, Query, place

Result = TypeVar("Result")


class Client:
    """A server at `url`; `key` is what `rocchio keys add` printed. Close it, or use it as a context manager.

    Options of searches are those of the route, see /openapi.json: k, field, plan, relevant, fields, highlight, ...
    Raises the errors of `rocchio.errors` that the server names, and ServerFailure if it does not answer.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout_s: float = 60.0, **httpx_options: Any) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, **httpx_options)

    def search(self, collection: str, query: Query = None, **options: Any) -> Found:
        """The best documents for one query."""
        return self._ask("POST", place(collection, "search"), answers.query_body(query, options), answers.found_of)

    def search_batch(
        self, collection: str, queries: Sequence[Any], **options: Any
    ) -> dict[str, list[tuple[str, float]]]:
        """(doc_id, score), best first, by query id. Queries are texts or bodies like {"terms": {...}}."""
        body = {"queries": list(queries), **options}
        return self._ask("POST", place(collection, "search", "batch"), body, answers.batch_of)

    def explain(self, collection: str, doc_id: str, query: Query = None, **options: Any) -> dict[str, Any]:
        """Why a document has its score."""
        body = answers.query_body(query, {"doc_id": doc_id, **options})
        return self._ask("POST", place(collection, "explain"), body, dict)

    def count(self, collection: str, where: str | None = None) -> int:
        """How many documents satisfy a filter."""
        return self._ask("POST", place(collection, "count"), {"where": where}, lambda answer: int(answer["count"]))

    def get(self, collection: str, doc_id: str) -> dict[str, Any]:
        """The stored fields of a document. Raises NotFound."""
        return self._ask("GET", place(collection, "documents", doc_id), None, lambda answer: dict(answer["fields"]))

    def add(self, collection: str, documents: Iterable[Mapping[str, Any]], mode: str = "add") -> int:
        """Write new documents, all or none; how many. Raises DuplicateDocument."""
        body = {"documents": list(documents), "mode": mode}
        return self._ask("POST", place(collection, "documents"), body, lambda answer: int(answer["written"]))

    def upsert(self, collection: str, documents: Iterable[Mapping[str, Any]]) -> int:
        """Write documents, all or none, replacing those that are there; how many."""
        return self.add(collection, documents, "upsert")

    def delete(self, collection: str, doc_ids: Iterable[str]) -> int:
        """Delete documents; how many were there."""
        body = {"doc_ids": list(doc_ids)}
        return self._ask("POST", place(collection, "documents", "delete"), body, lambda answer: int(answer["deleted"]))

    def ingest(self, collection: str, documents: Iterable[Mapping[str, Any]]) -> Iterator[Acknowledgement]:
        """Send documents of any number; when all are sent, yields what is durable."""
        path, lines = place(collection, "ingest"), answers.lines_of(documents)
        with (
            answers.answering(),
            self._http.stream("POST", path, content=lines, headers=answers.JSON_LINES) as response,
        ):
            if not response.is_success:
                response.read()
                answers.checked(response)
            for line in response.iter_lines():
                yield answers.acknowledgement_of(line)

    def experiment(
        self,
        collection: str,
        plans: Sequence[str] | Mapping[str, str],
        queries: Mapping[str, str],
        qrels: Mapping[str, Mapping[str, int]],
        **options: Any,
    ) -> dict[str, Any]:
        """Plans side by side on judged queries, the first as baseline; with a `name` the server keeps the result."""
        body = {"plans": plans, "queries": queries, "qrels": qrels, **options}
        return self._ask("POST", place(collection, "experiments"), body, dict)

    def experiments(self, collection: str) -> list[str]:
        """Names of the experiments that the server keeps."""
        return self._ask("GET", place(collection, "experiments"), None, lambda answer: list(answer["experiments"]))

    def experiment_result(self, collection: str, name: str) -> dict[str, Any]:
        """What an experiment found. Raises NotFound."""
        return self._ask("GET", place(collection, "experiments", name), None, dict)

    def log_clicks(self, collection: str, impressions: Iterable[Mapping[str, Any]]) -> int:
        """Append impressions {"session", "query", "shown", "clicked"} to the click log, all or none; how many."""
        body = {"impressions": list(impressions)}
        return self._ask("POST", place(collection, "clicks"), body, lambda answer: int(answer["logged"]))

    def tenants(self, collection: str) -> dict[str, int]:
        """The tenants of a multi-tenant collection with how many documents each sees."""
        return self._ask("GET", place(collection, "tenants"), None, lambda answer: dict(answer["tenants"]))

    def grant(self, collection: str, tenant: str, doc_ids: Iterable[str]) -> dict[str, Any]:
        """Let a tenant see documents; how many are `changed`, `unchanged`, `missing`."""
        return self._ask("POST", place(collection, "tenants", tenant, "grant"), {"doc_ids": list(doc_ids)}, dict)

    def revoke(self, collection: str, tenant: str, doc_ids: Iterable[str]) -> dict[str, Any]:
        """Let a tenant see documents no more; counts as `grant` does."""
        return self._ask("POST", place(collection, "tenants", tenant, "revoke"), {"doc_ids": list(doc_ids)}, dict)

    def delete_tenant(self, collection: str, tenant: str) -> dict[str, Any]:
        """Delete a tenant: documents that only they see, their sight of others, their clicks. Raises NotFound."""
        return self._ask("DELETE", place(collection, "tenants", tenant), None, dict)

    def collections(self) -> dict[str, int | None]:
        """Documents by collection; None for one that cannot be opened."""
        return self._ask("GET", "/collections", None, answers.collections_of)

    def create(
        self, collection: str, fields: Mapping[str, Any], analyzer: str = "english", tenants: str | None = None
    ) -> dict[str, Any]:
        """A new collection with fields like {"text": {"kind": "text", "boost": 2.0}}; what it is now.

        `tenants` is like "tenants(statistics=tenant)", for a multi-tenant collection.
        """
        body = {"name": collection, "fields": dict(fields), "analyzer": analyzer, "tenants": tenants}
        return self._ask("POST", "/collections", body, dict)

    def info(self, collection: str) -> dict[str, Any]:
        """Counts, sizes and settings."""
        return self._ask("GET", place(collection), None, dict)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, read: Callable[[Any], Result]) -> Result:
        with answers.answering():
            return read(answers.checked(self._http.request(method, path, json=body)))
