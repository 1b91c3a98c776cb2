"""How a vector field is searched under a mask: every allowed row compared, or by lists.

Costs are in sign codes of a list; benchmarks/results/filters.md has the measurements. They do not depend on how many
queries are asked together, so that answers do not: an allowed row costs 10 for one query, 1.6 in a batch of 32 or more,
which share the reading of it; 4 lies between.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from rocchio.dense.calibration import Effort

EXACT_ROW = 4
"""Comparing an allowed row by its eight-bit codes."""

LISTS_START = 15_000
"""Choosing lists and looking closely at the best of them, whatever is in them."""

WIDENING = 2
"""Lists that are scanned under a mask, for each without one: little more than one where it has nothing to do with the
query, up to eight where it leaves what is far from it."""

LEAST_TOLD = 0.1
"""Of a mask that leaves a smaller share, too few rows are met to tell whether it has something against a query."""

LEAST_GROWTH = 0.13
"""Lists grow at least to this power of how many times as many rows there are as a mask leaves."""

MOST_WIDENING = 8
"""Where so many lists do not settle a query, all allowed rows are compared."""

SURE = 2
"""What comparing all allowed rows may cost of scanning so many lists, as these may settle nothing."""

CLOSER = 1.5
"""Rows that are looked at closely under a mask, for each without one: they lie farther away and closer together."""

MOSTLY_ALL = 0.75
"""A mask that leaves this share costs little more than none. Near a query, this share of what it leaves anywhere is
enough for the nearest lists to do."""


class MaskPlan(NamedTuple):
    """What was estimated, and chosen: `exact` compares the `allowed` rows one by one, `lists` goes by the index.

    `vectors` are all of the segment. Costs are estimates, in sign codes; `lists_cost` is None where there is no index,
    or none was wanted.
    """

    strategy: Literal["exact", "lists"]
    allowed: int
    vectors: int
    exact_cost: int
    lists_cost: int | None

    @property
    def share(self) -> float:
        """Of the vectors, those that are allowed."""
        return self.allowed / max(1, self.vectors)

    @property
    def least_share(self) -> float:
        """Of the rows near a query, those that are allowed where the mask has nothing against the query."""
        return MOSTLY_ALL * max(self.share, LEAST_TOLD)

    def probes(self, effort: Effort) -> int:
        """Lists that are scanned at first under a mask: the best k of a tenth of the rows lie among the best 10 k."""
        factor: float = (self.vectors / max(1, self.allowed)) ** max(effort.growth, LEAST_GROWTH)
        return math.ceil(effort.probes * factor)

    def most_probes(self, effort: Effort, lists: int) -> int:
        """Lists that are scanned at most for a query that the mask has something against.

        Just `probes` where comparing all allowed rows costs little more than further lists: it is then done at once.
        """
        most = min(lists, MOST_WIDENING * effort.probes)
        widening = 2 * self.vectors * most // lists
        return most if self.exact_cost > SURE * widening else min(lists, self.probes(effort))


def plan_search(allowed: int, vectors: int, lists: int, effort: Effort | None, *, masked: bool) -> MaskPlan:
    """The cheaper way to search `allowed` of `vectors` rows, which are in `lists`; no effort is exact.

    What is not masked goes by lists, which is what its effort was measured with.
    """
    exact_cost = EXACT_ROW * allowed
    if effort is None or lists == 0:
        return MaskPlan("exact", allowed, vectors, exact_cost, None)
    # each row is in two lists
    usual = 2 * vectors * min(effort.probes, lists) // lists
    lists_cost = LISTS_START + usual * (1 if allowed >= MOSTLY_ALL * vectors else WIDENING)
    return MaskPlan(
        "exact" if masked and exact_cost < lists_cost else "lists", allowed, vectors, exact_cost, lists_cost
    )
