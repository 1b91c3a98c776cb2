"""Feedback that is withheld where it is likely to hurt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.errors import InvalidArgument
from rocchio.pipelines.refine import Refine
from rocchio.pipelines.step import Step

MOST_GAP = 1e6
GAP = 0.18
"""Chosen on the shared collections with RM3 and Rocchio: benchmarks/results/feedback.md."""


@dataclass(frozen=True)
class Gate(Step):
    """`gate(rm3, gap=0.18)`: feedback only for queries without a clear winner.

    Where the first document scores more than `gap` of its score above the second, the query has probably found what it
    was about, and words of the other documents would lead away from it.
    """

    step: Refine
    gap: float = GAP

    @property
    def ranks(self) -> bool:
        return False

    @property
    def needed(self) -> int:
        return max(2, self.step.needed)

    def opens(self, scores: npt.NDArray[np.float32]) -> bool:
        """Whether feedback is applied to a query whose documents have these scores, best first."""
        if len(scores) < 2:
            return True
        best, second = float(scores[0]), float(scores[1])
        return best - second <= self.gap * abs(best)

    def __str__(self) -> str:
        return f"gate({self.step})" if self.gap == GAP else f"gate({self.step}, gap={self.gap!r})"


def gate(step: Any, gap: float = GAP) -> Gate:
    """The step `gate(...)`. Raises InvalidArgument."""
    from rocchio.pipelines import parse  # which makes gates

    step = parse.as_step(step)
    if not isinstance(step, Refine):
        raise InvalidArgument(f"expected a step that refines queries in a gate, like rm3, found {step}")
    if isinstance(gap, bool) or not isinstance(gap, int | float) or not 0 <= gap <= MOST_GAP:
        raise InvalidArgument(f"expected a gap from 0 to {MOST_GAP:g}, found {gap!r}")
    return Gate(step, float(gap))
