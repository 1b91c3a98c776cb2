"""What every fusion method is: a value with weights, a text form, and what each list adds to each document's score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from rocchio.errors import InvalidArgument

if TYPE_CHECKING:
    from rocchio.fusion.lists import RankedLists

Matrix: TypeAlias = npt.NDArray[np.float64]

MAX_WEIGHT = 1e6
"""Fused scores must keep their differences as float32."""


@dataclass(frozen=True)
class Fusion(ABC):
    """A way to fuse ranked lists. `weights`, one for each list in their order, are at least 0; without any, all lists
    count alike. Prints as `name(0.4, 0.6)`, which `parse_fusion` reads.

    A document's fused score is the sum of what each list adds. Raises InvalidArgument.
    """

    weights: tuple[float, ...] = ()
    name: ClassVar[str]

    def __post_init__(self) -> None:
        if not isinstance(self.weights, Sequence) or isinstance(self.weights, str):
            raise InvalidArgument(f"expected weights as numbers in a list or tuple, found {self.weights!r}")
        for weight in self.weights:
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= MAX_WEIGHT:
                raise InvalidArgument(f"expected weights from 0 to {MAX_WEIGHT:g}, found {weight!r}")
        if self.weights and not any(self.weights):
            raise InvalidArgument("expected a weight above 0, found none; a fusion needs a list that counts")
        object.__setattr__(self, "weights", tuple(map(float, self.weights)))

    @abstractmethod
    def parts(self, lists: RankedLists) -> Matrix:
        """What each list adds to each document before weights: float64 (lists, documents), none below 0."""

    def contributions(self, lists: RankedLists) -> Matrix:
        """What each list adds to each document: float64 (lists, documents). Raises InvalidArgument."""
        return self.list_weights(len(lists.counts))[:, None] * self.parts(lists)

    def list_weights(self, lists: int) -> npt.NDArray[np.float64]:
        """One weight for each of so many lists. Raises InvalidArgument where the value has another number of them."""
        if not self.weights:
            return np.ones(lists)
        if len(self.weights) != lists:
            raise InvalidArgument(f"expected {lists} weights, one for each list, found {len(self.weights)} in {self}")
        return np.array(self.weights)

    def __str__(self) -> str:
        given = [_number(weight) for weight in self.weights]
        given += [f"{field.name}={_number(getattr(self, field.name))}" for field in fields(self)[1:]]
        return f"{self.name}({', '.join(given)})" if given else self.name


def _number(value: Any) -> str:
    """The shortest text that parses back to the number."""
    return repr(value).removesuffix(".0")
