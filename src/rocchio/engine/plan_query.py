"""A query on its way through a plan: what the user gave, and what feedback made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rocchio.engine.mixed import MixedQuery, materialised, query
from rocchio.engine.queries import check_unicode, check_weights
from rocchio.engine.vector_values import query_matrix
from rocchio.errors import InvalidArgument
from rocchio.storage.schema import Schema


@dataclass(frozen=True, eq=False)
class PlanQuery:
    """`text` as it was given, None if there is none; `terms` are the weights that text fields are searched with, None
    for those of the text; `sparse` weights and `vectors`, arrays or texts to encode, are by field.
    """

    text: str | None = None
    terms: Mapping[str, float] | None = None
    sparse: Mapping[str, Mapping[str, float] | None] = field(default_factory=dict)
    vectors: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str | Mapping[str, float] | None:
        """What text fields are searched with."""
        return self.text if self.terms is None else self.terms

    def with_terms(self, terms: Mapping[str, float]) -> PlanQuery:
        """The same with other weights for text fields."""
        return PlanQuery(self.text, terms, self.sparse, self.vectors)

    def with_vector(self, name: str, vector: Any) -> PlanQuery:
        """The same with another vector, or text to encode, for a field."""
        return PlanQuery(self.text, self.terms, self.sparse, {**self.vectors, name: vector})

    def mixed(self, schema: Schema) -> MixedQuery:
        """The query of all its parts, and of the vectors that encoders make of its text."""
        encoded = dict.fromkeys(schema.encoded_fields, self.text) if self.text is not None else {}
        words = self.words if schema.text_fields else None
        return query(words, vectors={**encoded, **self.vectors}, sparse=self.sparse)


def plan_queries(given: Any, schema: Schema) -> tuple[list[PlanQuery], bool]:
    """(queries, whether it was a single one) as a search takes them. Raises InvalidArgument."""
    given = materialised(given)
    if isinstance(given, str | Mapping | MixedQuery):
        return [_plan_query(given, schema)], True
    if hasattr(given, "__array__") or hasattr(given, "__dlpack__"):
        name = only_field("vector", schema.vector_fields, None)
        matrix, single = query_matrix(given, name, schema.fields[name])
        return [PlanQuery(vectors={name: row}) for row in matrix], single
    if not isinstance(given, Sequence) or isinstance(given, bytes):
        raise InvalidArgument(f"expected a query or several for a plan, found {type(given).__name__}")
    return [_plan_query(each, schema) for each in given], False


def _plan_query(given: Any, schema: Schema) -> PlanQuery:
    if isinstance(given, str):
        check_unicode(given)
        return PlanQuery(given)
    if isinstance(given, Mapping):
        check_weights(given)
        return PlanQuery(None, given)
    if isinstance(given, MixedQuery):
        words = PlanQuery() if given.text is None else _plan_query(given.text, schema)
        for name, weights in given.sparse.items():
            only_field("sparse", schema.sparse_fields, name)
            if weights is not None:
                check_weights(weights)
        return replace(words, sparse=given.sparse, vectors=_vectors(given.vectors, schema))
    raise InvalidArgument(
        "expected texts, {term: weight}, rocchio.query or an array of vectors for a plan, "
        f"found {type(given).__name__}"
    )


def _vectors(given: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The vectors of one query by field, float32 (dim,), None, or texts to encode. Raises InvalidArgument."""
    vectors: dict[str, Any] = {}
    for name, value in given.items():
        field = schema.fields[only_field("vector", schema.vector_fields, name)]
        if value is None or (isinstance(value, str) and field.encoder):
            vectors[name] = value
            continue
        matrix, single = query_matrix(value, name, field)
        if not single:
            raise InvalidArgument(
                f"expected one vector of {field.dim} numbers for {name!r}, found {len(matrix)} of them"
            )
        vectors[name] = matrix[0]
    return vectors


def only_field(kind: str, names: Sequence[str], given: str | None) -> str:
    """The field of a kind that a step names, or the only one there is. Raises InvalidArgument."""
    if given is None and len(names) == 1:
        return names[0]
    if given is None or given not in names:
        if not names:
            asked = f"asked for {given!r}" if given is not None else "asked for one"
            raise InvalidArgument(f"expected a collection with a {kind} field, found none, {asked}")
        found = f"{given!r}" if given is not None else f"none named; there are {len(names)}: field={names[0]} is one"
        raise InvalidArgument(f"expected a {kind} field of {', '.join(names)}, found {found}")
    return given


def is_vector(value: Any) -> bool:
    """Whether a part of a query is a vector and not a text to encode."""
    return value is not None and not isinstance(value, str)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows (n, dim) of length 1, zeros as they are; float32."""
    norms = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1.0)).astype(np.float32)
