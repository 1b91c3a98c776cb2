"""LlamaIndex: a vector store, and a retriever over any collection. Needs the extra `llamaindex`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from rocchio.engine.collection import Collection
from rocchio.engine.mixed import query as mixed_query
from rocchio.errors import InvalidArgument
from rocchio.filters.expression import field
from rocchio.filters.predicate import Predicate, conjunction
from rocchio.integrations.conditions import combine, compare
from rocchio.integrations.found import content_of, metadata_of
from rocchio.integrations.table import VECTOR, Record, Table, check_opened, create_store

REF = "ref_doc_id"
_WORDS = (VectorStoreQueryMode.SPARSE, VectorStoreQueryMode.TEXT_SEARCH)
_BOTH = (VectorStoreQueryMode.HYBRID, VectorStoreQueryMode.SEMANTIC_HYBRID)


class RocchioVectorStore(BasePydanticVectorStore):
    """Nodes with their embeddings, in a collection that `create` made.

    Query modes: default by embeddings, sparse and text_search by words, hybrid and semantic_hybrid by both, with
    `alpha` as the weight of the embeddings. Filters may name the metadata that was declared.
    """

    stores_text: bool = True
    flat_metadata: bool = False
    _table: Table = PrivateAttr()

    def __init__(self, collection: Collection, **settings: Any) -> None:
        super().__init__(**settings)
        self._table = Table(collection)

    @classmethod
    def create(cls, path: str | Path, dim: int, fields: Any = None, **options: Any) -> RocchioVectorStore:
        """A new, empty store at `path` for embeddings of `dim` numbers. `fields` are the metadata that filters may
        name, like {"year": "number"}; `options` are metric, analyzer and those of `rocchio.create`."""
        return cls(create_store(path, dim, {**(fields or {}), REF: "keyword"}, **options).col)

    @classmethod
    def class_name(cls) -> str:
        """For settings that are written down."""
        return "RocchioVectorStore"

    @property
    def client(self) -> Collection:
        """What holds the nodes."""
        return self._table.col

    def add(self, nodes: Sequence[BaseNode], **_: Any) -> list[str]:
        """Add nodes, replacing those whose ids are there; durable when this returns."""
        self._table.write(map(_record, nodes))
        return [node.node_id for node in nodes]

    def delete(self, ref_doc_id: str, **_: Any) -> None:
        """Delete the nodes of a document."""
        self._delete(compare(REF, "==", ref_doc_id))

    def delete_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **_: Any) -> None:
        """Delete nodes by id, or those that filters are true of. Raises InvalidArgument."""
        where = where_of(filters, node_ids)
        if where is None:
            raise InvalidArgument("expected node_ids or filters of nodes to delete, found none; clear() deletes all")
        self._delete(where)

    def clear(self) -> None:
        """Delete all."""
        self._delete(None)

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """Nodes by id and filters. Raises InvalidArgument."""
        return list(map(_node, self._table.all(where_of(filters, node_ids))))

    def query(self, query: VectorStoreQuery, **options: Any) -> VectorStoreQueryResult:
        """The best nodes. Raises InvalidArgument."""
        where = where_of(query.filters, query.node_ids, query.doc_ids)
        asked, named, k = _asked(query)
        found = self._table.search(asked, k, **{"where": where, **named, **options})
        return VectorStoreQueryResult(
            nodes=list(map(_node, found)),
            similarities=[record.score or 0.0 for record in found],
            ids=[record.doc_id for record in found],
        )

    def _delete(self, where: Predicate | None) -> None:
        self._table.delete([record.doc_id for record in self._table.all(where)])


class RocchioRetriever(BaseRetriever):
    """Nodes of any collection: `content` is the field of their text, by default all text fields; `options` are those
    of `Collection.search`, like {"plan": "bm25 >> rm3 >> bm25"}."""

    def __init__(
        self, collection: Collection, k: int = 4, content: str | None = None, options: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        check_opened(collection)
        self._collection, self._k, self._content, self._options = collection, k, content, options or {}

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        schema = self._collection.schema
        return [
            NodeWithScore(
                node=TextNode(
                    id_=hit.doc_id, text=content_of(hit, schema, self._content), metadata=metadata_of(hit, schema)
                ),
                score=hit.score,
            )
            for hit in self._collection.search(query_bundle.query_str, self._k, **self._options)
        ]


def where_of(
    filters: MetadataFilters | None, node_ids: Iterable[str] | None = None, ref_doc_ids: Iterable[str] | None = None
) -> Predicate | None:
    """The predicate that filters and ids mean, None for all nodes. Raises InvalidArgument."""
    parts = [] if filters is None or not filters.filters else [_combined(filters)]
    parts += [] if node_ids is None else [compare("doc_id", "in", list(node_ids))]
    parts += [] if ref_doc_ids is None else [compare(REF, "in", list(ref_doc_ids))]
    return conjunction(parts) if parts else None


def _combined(filters: MetadataFilters) -> Predicate:
    parts = [_combined(each) if isinstance(each, MetadataFilters) else _compared(each) for each in filters.filters]
    return combine((filters.condition or "and") if isinstance(filters.condition, str) else "and", parts)


def _compared(given: MetadataFilter) -> Predicate:
    name, value, values = given.key, given.value, given.value if isinstance(given.value, list) else [given.value]
    match given.operator.value:
        case "nin":
            return compare(name, "not in", value)
        case "any":
            return compare(name, "in", values)
        case "all":
            return conjunction([compare(name, "==", each) for each in values])
        case "contains":
            return compare(name, "==", value)
        case "is_empty":
            return field(name).is_null()
        case "text_match" | "text_match_insensitive" as found:
            raise InvalidArgument(f"expected a filter by values, found {found}; search the text, or store a keyword")
        case operator:
            return compare(name, operator, value)


def _asked(query: VectorStoreQuery) -> tuple[Any, dict[str, Any], int]:
    """A query, options and k for `Collection.search`. Raises InvalidArgument."""
    k = query.similarity_top_k
    if query.mode in _WORDS:
        return query.query_str or "", {}, query.sparse_top_k or k
    if query.query_embedding is None:
        raise InvalidArgument(f"expected an embedding with the query mode {query.mode.value}, found none")
    if query.mode in _BOTH:
        named = {} if query.alpha is None else {"fusion": f"znorm({1 - query.alpha!r}, {query.alpha!r})"}
        asked = mixed_query(query.query_str or "", vectors={VECTOR: query.query_embedding})
        return asked, named, query.hybrid_top_k or k
    if query.mode != VectorStoreQueryMode.DEFAULT:
        raise InvalidArgument(
            f"expected the query mode default, sparse, text_search, hybrid or semantic_hybrid, found {query.mode.value}"
        )
    return np.array(query.query_embedding, np.float32), {"field": VECTOR}, k


def _record(node: BaseNode) -> Record:
    metadata = node_to_metadata_dict(node, remove_text=True, flat_metadata=False)
    return Record(node.node_id, node.get_content(MetadataMode.NONE), {**metadata, REF: node.ref_doc_id}, node.embedding)


def _node(record: Record) -> BaseNode:
    node: BaseNode = metadata_dict_to_node(dict(record.metadata), record.text)
    node.embedding = None if record.vector is None else list(record.vector)
    return node
