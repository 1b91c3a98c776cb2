"""What one search looks at: the text fields with a scoring, or one sparse field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rocchio._native import LexicalSegment, Searcher
from rocchio.types import Mask


@dataclass(frozen=True)
class View:
    """The kernels' view of a snapshot for one choice of fields.

    `segments` are the inverted indexes behind `searcher`, `fields` the names of what their frequency tuples count.
    Query weights are divided by `scale`: a sparse field's impacts are its weights times that. `alpha` below 1 makes
    answers approximate. `allowed` are the rows of each segment that may be found; empty allows all live ones.
    """

    searcher: Searcher
    scoring: str
    segments: Sequence[LexicalSegment]
    fields: Sequence[str]
    scale: float = 1.0
    alpha: float = 1.0
    allowed: Sequence[Mask] = ()

    @property
    def has_lengths(self) -> bool:
        """Whether a document's length plays a part in its score: a sparse field has none."""
        return not self.scoring.startswith("impact")
