"""Steps that make better queries from what was found."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from rocchio.feedback import Expansion, FromVectors
from rocchio.pipelines.step import Step, call

WHOLE_DEPTH = 1000
"""How deep a ranking is whose last documents speak against their terms."""

Method: TypeAlias = Expansion | FromVectors


@dataclass(frozen=True)
class Refine(Step):
    """Feedback by `method`."""

    method: Method

    @property
    def ranks(self) -> bool:
        return False

    @property
    def needed(self) -> int:
        docs, bottom = self.method.docs, self.method.bottom
        return max(WHOLE_DEPTH, docs + bottom) if bottom else docs

    def __str__(self) -> str:
        return call(self.method.name, self.method)


def refining(kind: Callable[..., Any]) -> Callable[..., Refine]:
    """A function that makes the step of a feedback method from its settings."""

    def step(*args: Any, **settings: Any) -> Refine:
        return Refine(kind(*args, **settings))

    step.__signature__ = inspect.signature(kind)  # type: ignore[attr-defined]  # errors name the settings
    step.__doc__ = kind.__doc__
    return step
