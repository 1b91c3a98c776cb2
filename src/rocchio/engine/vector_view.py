"""What a search of a vector field looks at, and its scores as distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from rocchio._native import Searcher
from rocchio.dense.segment import VectorSegment
from rocchio.engine.grouping import Groups
from rocchio.errors import InvalidArgument
from rocchio.types import Mask

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot


class VectorView(NamedTuple):
    """One vector field of a snapshot: its vectors by segment, which rows are live (None: all), and their doc_ids.

    `groups` say which documents rows belong to, None where each row with a vector is one.
    """

    metric: str
    segments: Sequence[VectorSegment]
    live: Sequence[Mask | None]
    names: Searcher
    groups: Groups | None = None

    def under(self, masks: Sequence[Mask]) -> VectorView:
        """The same with fewer live rows."""
        return VectorView(self.metric, self.segments, masks, self.names, self.groups)


def distances_of(scores: npt.NDArray[np.float32], metric: str) -> npt.NDArray[np.float32]:
    """1 - cosine, or the length of the difference."""
    if metric == "l2":
        return np.sqrt(np.maximum(-scores, 0))
    return np.maximum(1 - scores, 0)


def one_vector_each(snapshot: Snapshot, name: str) -> VectorView:
    """A field whose documents have a vector each and distances between them. Raises InvalidArgument."""
    if name not in snapshot.schema.vector_fields:
        raise InvalidArgument(
            f"expected a vector field, found {name!r}; there are {', '.join(snapshot.schema.vector_fields) or 'none'}"
        )
    if snapshot.schema.is_by_passage(name):
        raise InvalidArgument(
            f"expected a field with one vector for each document, found {name!r} with one for each passage; "
            "make one of another field: col.embed('whole', encoder, source=['title'])"
        )
    if snapshot.schema.fields[name].metric == "ip":
        raise InvalidArgument(
            "expected metric cosine or l2, found ip: inner products are no distances; search with min_score= finds all "
            "that score at least so"
        )
    view: VectorView = snapshot.vector_view(name)
    return view
