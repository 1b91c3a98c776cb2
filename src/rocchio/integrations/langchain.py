"""LangChain: a vector store, and a retriever over any collection. Needs the extra `langchain`."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from rocchio.engine.collection import Collection
from rocchio.engine.mixed import query as mixed_query
from rocchio.errors import InvalidArgument
from rocchio.integrations.conditions import equalities
from rocchio.integrations.found import content_of, metadata_of
from rocchio.integrations.table import VECTOR, Record, Table, check_opened, create_store


class RocchioVectorStore(VectorStore):
    """Documents with the vectors of an `embedding`, in a collection that `create` or `from_texts` made.

    Searches take `filter`, a predicate as `rocchio.search` takes it or {name: value}, and `mode`: "vector", "text"
    for BM25, or "hybrid" for both. Scores are larger for better documents.
    """

    def __init__(self, collection: Collection, embedding: Embeddings) -> None:
        self._table, self._embedding = Table(collection), embedding

    @classmethod
    def create(cls, path: str | Path, embedding: Embeddings, fields: Any = None, **options: Any) -> RocchioVectorStore:
        """A new, empty store at `path`. `fields` are the metadata that filters may name, like {"year": "number"};
        `options` are metric, analyzer and those of `rocchio.create`. Raises InvalidArgument."""
        dim = len(embedding.embed_query("how long are the vectors?"))
        return cls(create_store(path, dim, fields, **options).col, embedding)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        path: str | Path,
        ids: list[str] | None = None,
        **options: Any,
    ) -> RocchioVectorStore:
        """A new store at `path` with these texts; `options` as for `create`."""
        store = cls.create(path, embedding, **options)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @property
    def embeddings(self) -> Embeddings:
        """What makes the vectors."""
        return self._embedding

    @property
    def collection(self) -> Collection:
        """What holds the documents."""
        return self._table.col

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **_: Any,
    ) -> list[str]:
        """Add texts, replacing those whose ids are there; durable when this returns. Raises InvalidArgument."""
        given = list(texts)
        metadata = metadatas if metadatas is not None else [{} for _ in given]
        names = [name or str(uuid.uuid4()) for name in (ids if ids is not None else [None] * len(given))]
        if not len(given) == len(metadata) == len(names):
            raise InvalidArgument(
                f"expected as many metadatas and ids as texts, found {len(metadata)} and {len(names)} for {len(given)}"
            )
        vectors = self._embedding.embed_documents(given)
        self._table.write(map(Record, names, given, metadata, vectors))
        return names

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool:
        """Delete documents; without `ids` all of them. Ids that are not there are ignored."""
        self._table.delete([record.doc_id for record in self._table.all()] if ids is None else ids)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Documents in the order of their ids; those that are not there are left out."""
        return list(map(_document, self._table.get(ids)))

    def similarity_search(self, query: str, k: int = 4, **options: Any) -> list[Document]:
        """The best documents for a text."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **options)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, *, mode: str = "vector", **options: Any
    ) -> list[tuple[Document, float]]:
        """(document, score), best first. Raises InvalidArgument."""
        if mode == "text":
            return self._search(query, k, None, options)
        vector = self._embedding.embed_query(query)
        if mode == "hybrid":
            return self._search(mixed_query(query, vectors={VECTOR: vector}), k, None, options)
        if mode != "vector":
            raise InvalidArgument(f"expected the mode vector, text or hybrid, found {mode!r}")
        return self._search(np.array(vector, np.float32), k, VECTOR, options)

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **options: Any) -> list[Document]:
        """The best documents for a vector."""
        found = self._search(np.array(embedding, np.float32), k, VECTOR, options)
        return [document for document, _ in found]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        """Of the best `fetch_k` documents `k` that also differ from each other."""
        vector = self._embedding.embed_query(query)
        return self.max_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **options)

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        """The same for a vector."""
        wanted = np.array(embedding, np.float32)
        found = self._table.search(wanted, fetch_k, field=VECTOR, **_where(options))
        vectors = [list(record.vector or ()) for record in found]
        return [_document(found[i]) for i in maximal_marginal_relevance(wanted, vectors, lambda_mult, k)]

    def _search(self, query: Any, k: int, field: str | None, options: dict[str, Any]) -> list[tuple[Document, float]]:
        named = {} if field is None else {"field": field}
        found = self._table.search(query, k, **named, **_where(options))
        return [(_document(record), record.score or 0.0) for record in found]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        """From scores to [0, 1]. Raises InvalidArgument."""
        if self._table.metric == "cosine":
            return lambda score: (1 + score) / 2
        if self._table.metric == "l2":
            return lambda score: 1 / (1 + math.sqrt(max(0.0, -score)))
        raise InvalidArgument("expected the metric cosine or l2 for relevance scores, found ip, which has no bounds")


class RocchioRetriever(BaseRetriever):
    """Documents of any collection: `content` is the field of their text, by default all text fields.

    `options` are those of `Collection.search`, like {"plan": "bm25 >> rm3 >> bm25", "where": "year >= 2020"};
    `invoke` takes them too. The score is in the metadata, as `score`.
    """

    collection: Any
    k: int = 4
    content: str | None = None
    options: dict[str, Any] = {}  # noqa: RUF012  # pydantic copies it

    def model_post_init(self, context: Any) -> None:
        """Raises InvalidArgument for a path in place of a collection."""
        super().model_post_init(context)
        check_opened(self.collection)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  # part of the interface
        k: int | None = None,
        **options: Any,
    ) -> list[Document]:
        schema = self.collection.schema
        return [
            Document(
                content_of(hit, schema, self.content),
                id=hit.doc_id,
                metadata=metadata_of(hit, schema) | {"score": hit.score},
            )
            for hit in self.collection.search(query, self.k if k is None else k, **{**self.options, **options})
        ]


def _where(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a search, `filter` as `where`."""
    rest = {name: value for name, value in options.items() if name != "filter"}
    given = options.get("filter")
    if given is not None and given != {}:
        rest["where"] = equalities(given) if isinstance(given, dict) else given
    return rest


def _document(record: Record) -> Document:
    return Document(page_content=record.text or "", id=record.doc_id, metadata=dict(record.metadata))
