"""What a filter means, how many documents it leaves, and how a vector field is searched under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rocchio.dense.mask_plan import MaskPlan
from rocchio.engine.filtering import Where
from rocchio.engine.vector_search import check_wanted
from rocchio.errors import InvalidArgument
from rocchio.filters.predicate import And, Or, Predicate

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot


@dataclass(frozen=True)
class FilterReport:
    """`predicate` is the normal form, `count` of `documents` match; `parts` are its comparisons with their counts.

    `plans` say for each segment how the vector field that was asked for is searched; empty without one.
    """

    predicate: str
    count: int
    documents: int
    parts: tuple[tuple[str, int], ...]
    plans: tuple[MaskPlan, ...] = ()

    @property
    def selectivity(self) -> float:
        """The share of documents that match."""
        return self.count / max(1, self.documents)

    def __str__(self) -> str:
        lines = [f"{self.predicate}: {self.count:,} of {self.documents:,} documents ({self.selectivity:.2%})"]
        lines += [f"  {count:9,}  {part}" for part, count in self.parts]
        for number, plan in enumerate(self.plans):
            others = "" if plan.lists_cost is None else f", lists {plan.lists_cost:,}"
            how = "all compared" if plan.strategy == "exact" else "by lists"
            lines.append(
                f"  segment {number}: {plan.allowed:,} of {plan.vectors:,} vectors, {how} "
                f"(cost {plan.exact_cost:,}{others})"
            )
        return "\n".join(lines)


def filter_report(snapshot: Snapshot, where: Where, field: str | None, wanted: dict[str, Any]) -> FilterReport:
    """`wanted` has k and recall, as for a search of the vector field. Raises InvalidArgument."""
    predicate = snapshot.filters.predicate(where)
    found = snapshot.filters.masks(predicate)
    parts = tuple((str(leaf), snapshot.filters.masks(leaf).count) for leaf in _comparisons(predicate))
    plans: tuple[MaskPlan, ...] = ()
    if field is not None:
        if field not in snapshot.schema.vector_fields:
            names = ", ".join(snapshot.schema.vector_fields) or "none"
            raise InvalidArgument(f"expected a vector field of {names}, found {field!r}")
        asked = check_wanted(wanted.get("k"), wanted)
        segments = snapshot.vector_view(field).segments
        plans = tuple(
            segment.plan(mask, segment.effort(asked.k, asked.recall))
            for segment, mask in zip(segments, found.masks, strict=True)
        )
    return FilterReport(str(predicate), found.count, len(snapshot), parts if len(parts) > 1 else (), plans)


def _comparisons(predicate: Predicate) -> list[Predicate]:
    """The comparisons of a predicate, in order, each once."""
    if isinstance(predicate, And | Or):
        inner = [leaf for each in predicate.operands for leaf in _comparisons(each)]
        return list(dict.fromkeys(inner))
    return [predicate]
