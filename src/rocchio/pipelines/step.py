"""What all steps of a plan are: immutable values that compose with operators and print as what they parse from.

Precedence is that of Python: `*` and `%` bind closest, then `+`, then `>>`, then `|`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from functools import cached_property
from keyword import iskeyword
from typing import Any, ClassVar


class Step(ABC):
    """`a >> b` then; `a + b` z-norm sum; `0.3 * a` its weight in a sum; `a % n` the first n; `a | b` either.

    Steps are frozen dataclasses: equal by value, hashable. `str(step)` parses back to an equal one.
    """

    precedence: ClassVar[int] = 5
    """How closely the outermost operator of the text form binds: 1 `|`, 2 `>>`, 3 `+`, 4 `*` and `%`, 5 none."""

    depth = 1
    """How many steps are within each other, this one included."""

    @property
    def ranks(self) -> bool:
        """Whether it ends in a ranking; otherwise it refines queries and keeps the ranking that it is given."""
        return True

    @property
    def needed(self) -> int:
        """How many of the documents that it is given a step looks at, at least."""
        return 0

    def __rshift__(self, other: Any) -> Step:
        return _combined("chain", self, other)

    def __rrshift__(self, other: Any) -> Step:
        return _combined("chain", other, self)

    def __add__(self, other: Any) -> Step:
        return _combined("add", self, other)

    def __radd__(self, other: Any) -> Step:
        return _combined("add", other, self)

    def __mul__(self, weight: Any) -> Step:
        return _combined("weigh", self, weight)

    def __rmul__(self, weight: Any) -> Step:
        return _combined("weigh", self, weight)

    def __mod__(self, count: Any) -> Step:
        return _combined("cut", self, count)

    def __or__(self, other: Any) -> Step:
        return _combined("unite", self, other)

    def __ror__(self, other: Any) -> Step:
        return _combined("unite", other, self)

    @abstractmethod
    def __str__(self) -> str: ...

    @cached_property
    def text(self) -> str:
        """The text form, put together once: what runs a step names it each time."""
        return str(self)


def _combined(operation: str, first: Any, second: Any) -> Step:
    """The step that an operation of `combine` makes; NotImplemented where the other operand knows what to do."""
    from rocchio.pipelines import combine  # it is made of steps

    if not all(isinstance(operand, Step | str | int | float) for operand in (first, second)):
        return NotImplemented  # type: ignore[no-any-return]  # a plan that is bound to a collection, or nonsense
    made: Step = getattr(combine, operation)(first, second)
    return made


def within(step: Step, least: int) -> str:
    """The text form of a step where one is expected that binds at least so closely."""
    return str(step) if step.precedence >= least else f"({step})"


def call(name: str, value: Any) -> str:
    """`name(setting=value, ...)` of a dataclass, with the settings that differ from their defaults."""
    given = [
        f"{field.name}={literal(getattr(value, field.name))}"
        for field in fields(value)
        if getattr(value, field.name) != field.default
    ]
    return f"{name}({', '.join(given)})" if given else name


def literal(value: Any) -> str:
    """A setting as text: names as bare words where they are such, everything else as Python writes it."""
    if isinstance(value, str):
        is_word = value.isascii() and value.isidentifier() and not iskeyword(value)
        return value if is_word and value.lower() not in ("true", "false", "none") else repr(value)
    if isinstance(value, float):
        return repr(float(value))  # also of numpy's
    if isinstance(value, tuple):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value)
