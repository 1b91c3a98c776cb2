"""A segment as one tenant sees it: documents that the tenant may not see count as deleted.

So everything that leaves deleted documents out leaves those out too: searches, statistics, feedback, look-ups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rocchio._native import FrozenColumns, LexicalSegment
from rocchio.dense.segment import VectorSegment
from rocchio.dense.tenant_vectors import TenantVectors
from rocchio.engine.open_segment import OpenSegment
from rocchio.storage.tombstones import Tombstones


class TenantSegment(OpenSegment):
    """`seen` says which stored documents the tenant sees (documents,). Indexes are made when first asked for."""

    def __init__(self, base: OpenSegment, seen: npt.NDArray[np.bool_]) -> None:
        live = seen & base.live_documents()
        rows = live if base.passages is None else base.passages.by_row(live)
        tombstones = replace(Tombstones.none(base.rows), live=np.packbits(rows, bitorder="little"))
        documents = None if base.passages is None else int(live.sum())
        entry = replace(
            base.entry, tombstones=None, deleted=base.rows - int(rows.sum()), documents=documents, frozen={}, lengths=()
        )
        for name, value in {
            "entry": entry,
            "files": base.files,
            "tombstones": tombstones,
            "documents": base.documents,
            "columns": base.columns,
            "passages": base.passages,
            "_base": base,
        }.items():
            object.__setattr__(self, name, value)  # as dataclasses set members that are frozen

    _base: OpenSegment
    frozen: dict[str, FrozenColumns] = {}  # noqa: RUF012  # columns hold for other statistics

    @cached_property
    def lexical(self) -> LexicalSegment:
        return self._base.lexical.restricted(self.tombstones.live)

    @cached_property
    def sparse(self) -> tuple[LexicalSegment, ...]:
        return tuple(index.restricted(self.tombstones.live) for index in self._base.sparse)

    @cached_property
    def vectors(self) -> tuple[VectorSegment, ...]:
        return tuple(TenantVectors(vectors, self.tombstones.live) for vectors in self._base.vectors)

    @cached_property
    def tokens(self) -> Sequence[int]:
        """Tokens of the documents that the tenant sees, by text field."""
        live = ~self.tombstones.is_deleted
        fields = range(len(self._base.entry.lengths))
        return [int(self._base.lexical.lengths(field)[live].sum(dtype=np.int64)) for field in fields]
