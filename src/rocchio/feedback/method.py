"""What every method of lexical feedback is: a value with published defaults, and a function from terms to a query."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rocchio.errors import InvalidArgument
from rocchio.feedback.terms import FeedbackTerms, TermFilter, Weights

MOST = 10_000


@dataclass(frozen=True)
class Expansion(ABC):
    """A way to choose and weigh the terms of a better query.

    `docs` documents of the first pass are feedback, `terms` are chosen from them; `field` names a sparse field whose
    tokens are expanded, None the text fields. Raises InvalidArgument.
    """

    docs: int = 10
    terms: int = 10
    field: str | None = None
    name: ClassVar[str]
    least_terms: ClassVar[int] = 1
    uses_negative: ClassVar[bool] = False
    """Whether documents that speak against their terms play a part."""
    reads_ranking: ClassVar[bool] = True
    """Whether documents of the first pass are feedback, or marked ones in their place."""

    def __post_init__(self) -> None:
        check_count("docs", self.docs)
        check_count("terms", self.terms, self.least_terms)
        if self.field is not None and not isinstance(self.field, str):
            raise InvalidArgument(f"expected field as the name of a sparse field, found {self.field!r}")

    @property
    def bottom(self) -> int:
        """How many of the last documents of the first pass speak against their terms."""
        return 0

    @property
    def pool(self) -> int:
        """How many documents drawn at random are looked at beside them."""
        return 0

    @property
    @abstractmethod
    def filter(self) -> TermFilter:
        """Which terms may be chosen."""

    @abstractmethod
    def expand(self, found: FeedbackTerms) -> Weights:
        """The better query {term: weight}; the terms of the query come first."""


def scaled(weights: Mapping[str, float], norm: float) -> Weights:
    """Weights divided by a norm; as they are if it is 0."""
    return {term: weight / norm for term, weight in weights.items()} if norm else dict(weights)


def check_count(name: str, value: Any, least: int = 1) -> None:
    """Raises InvalidArgument for what is no number of documents or terms."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST:
        raise InvalidArgument(f"expected {name} from {least} to {MOST:,}, found {value!r}")


def check_weight(name: str, value: Any, most: float = 1e6) -> None:
    """Raises InvalidArgument for what is no weight."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise InvalidArgument(f"expected {name} from 0 to {most:g}, found {value!r}")
