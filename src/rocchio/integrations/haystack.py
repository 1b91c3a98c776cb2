"""Haystack: a document store, and retrievers by words, by vectors and by both. Needs the extra `haystack`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from haystack import Document, component, default_from_dict, default_to_dict
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError

from rocchio.engine.collection import Collection
from rocchio.engine.mixed import query as mixed_query
from rocchio.errors import InvalidArgument
from rocchio.filters.predicate import Predicate
from rocchio.integrations.conditions import combine, compare
from rocchio.integrations.table import VECTOR, Record, Table, open_or_create

_KEPT = "_haystack"
"""Key of what a document has beside content, meta and embedding."""


class RocchioDocumentStore:
    """Documents in a collection at `path`, which is created when it is first used and not there.

    `meta_fields` are the metadata that filters may name: a kind of keyword, number, date or bool, by name. Metadata of
    other names is stored and returned. `embedding_dim` is the length of the embeddings, `options` are metric and
    analyzer.
    """

    def __init__(
        self, path: str, embedding_dim: int = 768, meta_fields: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        self.path, self.embedding_dim, self.meta_fields = str(path), embedding_dim, dict(meta_fields or {})
        self.options = options
        self._opened: Table | None = None

    def to_dict(self) -> dict[str, Any]:
        """Settings, for a pipeline that is written down."""
        settings: dict[str, Any] = default_to_dict(
            self,
            path=self.path,
            embedding_dim=self.embedding_dim,
            meta_fields=self.meta_fields,
            **self.options,
        )
        return settings

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RocchioDocumentStore:
        """A store with the settings that `to_dict` gave."""
        store: RocchioDocumentStore = default_from_dict(cls, data)
        return store

    @property
    def table(self) -> Table:
        """The records, opened or created at first use."""
        if self._opened is None:
            self._opened = open_or_create(Path(self.path), self.embedding_dim, self.meta_fields, **self.options)
        return self._opened

    @property
    def collection(self) -> Collection:
        """What holds the documents."""
        return self.table.col

    def count_documents(self) -> int:
        """How many there are."""
        return len(self.table.col)

    def filter_documents(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """Documents that a filter is true of, as they were written. Raises FilterError."""
        return list(map(_document, self._matching(filters)))

    def write_documents(self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE) -> int:
        """Write documents, all or none; how many. Without a policy as with FAIL. Raises DuplicateDocumentError."""
        if not isinstance(documents, list) or not all(isinstance(each, Document) for each in documents):
            raise ValueError("expected a list of haystack documents to write, found something else")
        chosen: dict[str, Document] = {}
        for document in documents:
            if policy is not DuplicatePolicy.OVERWRITE and (document.id in chosen or document.id in self.table):
                if policy is DuplicatePolicy.SKIP:
                    continue
                raise DuplicateDocumentError(
                    f"expected ids that are not there, found {document.id!r}; choose the policy OVERWRITE or SKIP"
                )
            chosen[document.id] = document
        if chosen:
            self.table.write(map(_record, chosen.values()))
        return len(chosen)

    def delete_documents(self, document_ids: list[str]) -> None:
        """Delete documents; ids that are not there are ignored."""
        self.table.delete(document_ids)

    def delete_all_documents(self) -> None:
        """Delete all."""
        self.table.delete([record.doc_id for record in self.table.all()])

    def delete_by_filter(self, filters: dict[str, Any]) -> int:
        """Delete what a filter is true of; how many. Raises FilterError."""
        return self.table.delete([record.doc_id for record in self._matching(filters)])

    def update_by_filter(self, filters: dict[str, Any], meta: dict[str, Any]) -> int:
        """Give documents that a filter is true of other metadata; how many. Raises FilterError."""
        found = self._matching(filters)
        changed = [Record(each.doc_id, each.text, {**each.metadata, **meta}, each.vector) for each in found]
        if changed:
            self.table.write(changed)
        return len(changed)

    def count_documents_by_filter(self, filters: dict[str, Any]) -> int:
        """How many documents a filter is true of. Raises FilterError."""
        return self._filtered(self.collection.count, filters)  # type: ignore[no-any-return]

    def search(self, query: Any, top_k: int, filters: dict[str, Any] | None, **options: Any) -> list[Document]:
        """The best documents for a query as `Collection.search` takes it. Raises FilterError."""
        return self._filtered(  # type: ignore[no-any-return]
            lambda where: list(map(_document, self.table.search(query, top_k, where=where, **options))), filters
        )

    def _matching(self, filters: dict[str, Any] | None) -> list[Record]:
        return self._filtered(lambda where: list(self.table.all(where)), filters)  # type: ignore[no-any-return]

    def _filtered(self, use: Any, filters: dict[str, Any] | None) -> Any:
        """What `use` makes of the predicate; what is wrong with that is a FilterError."""
        where = predicate_of(filters)
        if where is not None:
            try:
                self.collection.count(where)  # the collection knows the fields' types
            except InvalidArgument as error:
                raise FilterError(f"{error}; filters name metadata that meta_fields declares") from error
        return use(where)


def predicate_of(filters: dict[str, Any] | None) -> Predicate | None:
    """The predicate that a filter of Haystack means, None for an empty one. Raises FilterError."""
    if not filters:
        return None
    try:
        return _predicate(filters, 0)
    except InvalidArgument as error:
        raise FilterError(str(error)) from error


def _predicate(filters: Any, depth: int) -> Predicate:
    if depth > 50 or not isinstance(filters, dict):
        raise FilterError("expected filters as dicts of at most 50 levels, found something else or more")
    missing = [name for name in (("operator", "value") if "field" in filters else ("operator", "conditions"))
               if name not in filters]  # fmt: skip
    if missing:
        raise FilterError(f"expected {' and '.join(missing)} in each filter, found {', '.join(map(str, filters))}")
    if "field" in filters:
        name = str(filters["field"])
        return compare("doc_id" if name == "id" else name.removeprefix("meta."), filters["operator"], filters["value"])
    return combine(str(filters["operator"]).lower(), [_predicate(each, depth + 1) for each in filters["conditions"]])


def _record(document: Document) -> Record:
    whole = document.to_dict(flatten=False)
    rest = {name: whole[name] for name in ("blob", "sparse_embedding") if whole.get(name) is not None}
    metadata = {**document.meta, _KEPT: rest} if rest else document.meta
    return Record(document.id, document.content, metadata, document.embedding)


def _document(record: Record) -> Document:
    metadata = dict(record.metadata)
    kept = metadata.pop(_KEPT, {})
    return Document.from_dict(
        {
            **kept,
            "id": record.doc_id,
            "content": record.text,
            "meta": metadata,
            "score": record.score,
            "embedding": record.vector,
        }
    )


class _Retriever:
    """What the three have in common: a store, filters and the number of documents."""

    def __init__(
        self,
        document_store: RocchioDocumentStore,
        filters: dict[str, Any] | None = None,
        top_k: int = 10,
        options: dict[str, Any] | None = None,
    ) -> None:
        if not isinstance(document_store, RocchioDocumentStore):
            raise TypeError("expected a RocchioDocumentStore, found another store")
        self.document_store, self.filters, self.top_k, self.options = document_store, filters, top_k, options or {}

    def to_dict(self) -> dict[str, Any]:
        """Settings, for a pipeline that is written down."""
        settings: dict[str, Any] = default_to_dict(
            self,
            document_store=self.document_store.to_dict(),
            filters=self.filters,
            top_k=self.top_k,
            options=self.options,
        )
        return settings

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Any:
        """A retriever with the settings that `to_dict` gave."""
        settings = data["init_parameters"]
        settings["document_store"] = RocchioDocumentStore.from_dict(settings["document_store"])
        return default_from_dict(cls, data)

    def _find(self, query: Any, filters: Any, top_k: int | None, **named: Any) -> dict[str, list[Document]]:
        chosen = self.filters if filters is None else filters
        many = self.top_k if top_k is None else top_k
        return {"documents": self.document_store.search(query, many, chosen, **named, **self.options)}


@component
class RocchioBM25Retriever(_Retriever):
    """Documents by their words. `options` may have a plan: {"plan": "bm25 >> rm3 >> bm25"}."""

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, filters: dict[str, Any] | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """The best documents for a text."""
        return self._find(query, filters, top_k)


@component
class RocchioEmbeddingRetriever(_Retriever):
    """Documents by their embeddings. `options` may have a recall: {"recall": 0.95}."""

    @component.output_types(documents=list[Document])
    def run(
        self, query_embedding: list[float], filters: dict[str, Any] | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """The best documents for an embedding."""
        return self._find(np.array(query_embedding, np.float32), filters, top_k, field=VECTOR)


@component
class RocchioHybridRetriever(_Retriever):
    """Documents by words and embeddings, fused. `options` may have a fusion: {"fusion": "rrf(k=60)"}."""

    @component.output_types(documents=list[Document])
    def run(
        self,
        query: str,
        query_embedding: list[float],
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """The best documents for a text and its embedding."""
        return self._find(mixed_query(query, vectors={VECTOR: query_embedding}), filters, top_k)
