"""What hits tell that are rows of segments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from rocchio.engine.best_passage import Place, passage_at, vector_at
from rocchio.types import Explanation, Passage

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class RowDetails:
    """Of the hits of one search in a snapshot; `why` explains the score of a row."""

    snapshot: Snapshot
    why: Callable[[int, int], Explanation]
    by_passage: bool

    def fields(self, place: Place) -> dict[str, Any]:
        """Stored fields of the document."""
        return self.snapshot.fetch(*place)

    def passage(self, place: Place) -> Passage | None:
        """The passage that is the row; None where rows are documents."""
        return passage_at(self.snapshot, *place) if self.by_passage else None

    def vector(self, place: Place, field: str) -> npt.NDArray[Any] | None:
        """The row's vector in a field, if it has one."""
        return vector_at(self.snapshot, *place, field)

    def explain(self, place: Place) -> Explanation:
        """Why the row has its score."""
        return self.why(*place)
