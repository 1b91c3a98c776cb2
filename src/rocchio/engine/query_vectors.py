"""Queries of a vector field: vectors as they are given, texts encoded with what encoded the documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rocchio.engine.found import Found
from rocchio.engine.latent import latent_fields
from rocchio.engine.queries import check_unicode
from rocchio.engine.vector_values import query_matrix

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

QueryVectors: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], bool]
"""Queries (n, dim), which of them have a vector (n,), and whether it was a single query."""

_ALONE = np.ones(1, np.bool_)
_ALONE.flags.writeable = False


def query_vectors(snapshot: Snapshot, query: Any, name: str) -> QueryVectors:
    """Queries of the vector field `name`. Texts are encoded if the field has an encoder.

    A text of which the encoder knows nothing has no vector, and shall have no hits. Raises InvalidArgument.
    """
    field = snapshot.schema.fields[name]
    texts = text_queries(query) if field.encoder else None
    if texts is None:
        queries, single = query_matrix(query, name, field)
        return queries, _ALONE if len(queries) == 1 else np.ones(len(queries), np.bool_), single
    for text in texts[0]:
        check_unicode(text)
    if name not in latent_fields(snapshot.schema):
        return *snapshot.encoders.queries(texts[0], name, field), texts[1]
    model = snapshot.latents.get(name)
    if model is None:
        return np.zeros((len(texts[0]), field.dim), np.float32), np.zeros(len(texts[0]), np.bool_), texts[1]
    return *model.encode_terms([snapshot.terms(text) for text in texts[0]]), texts[1]


def text_queries(query: Any) -> tuple[list[str], bool] | None:
    """(texts, whether it was a single one) of a query that is text; None for one of vectors."""
    if isinstance(query, str):
        return [query], True
    if isinstance(query, Sequence) and len(query) and all(isinstance(text, str) for text in query):
        return list(query), False
    return None


def with_absent(parts: Sequence[Found], present: npt.NDArray[np.bool_]) -> Found:
    """Results of all queries, of which only those `present` (n,) were searched, in `parts`; the others have none."""
    lengths = np.zeros(len(present), np.int64)
    lengths[present] = np.concatenate(
        [np.empty(0, np.int64), *(np.diff(part.offsets.astype(np.int64)) for part in parts)]
    )
    return Found(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint64),
        np.concatenate([part.segments for part in parts] or [np.empty(0, np.uint32)]),
        np.concatenate([part.rows for part in parts] or [np.empty(0, np.uint32)]),
        np.concatenate([part.scores for part in parts] or [np.empty(0, np.float32)]),
    )
