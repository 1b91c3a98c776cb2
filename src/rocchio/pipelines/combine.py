"""Steps made of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from rocchio.errors import InvalidArgument
from rocchio.fusion import Fusion, ZNorm
from rocchio.pipelines.step import Step, literal, within

MOST_RESULTS = 1_000_000
MOST_DEPTH = 100
"""Of steps within each other: what looks at a plan calls itself for each level."""


@dataclass(frozen=True)
class Chain(Step):
    """`a >> b >> c`: each step works on the queries and the ranking that the one before left."""

    steps: tuple[Step, ...]
    precedence: ClassVar[int] = 2

    def __post_init__(self) -> None:
        _nest(self, *self.steps)

    @property
    def ranks(self) -> bool:
        return any(step.ranks for step in self.steps)

    @property
    def needed(self) -> int:
        return most_needed(self.steps)

    def __str__(self) -> str:
        return " >> ".join(within(step, 3) for step in self.steps)


@dataclass(frozen=True)
class Weighted(Step):
    """`0.3 * a`: the weight of a step among others in a sum; alone it changes nothing."""

    weight: float
    step: Step
    precedence: ClassVar[int] = 4

    def __post_init__(self) -> None:
        _nest(self, self.step)

    @property
    def needed(self) -> int:
        return self.step.needed

    def __str__(self) -> str:
        return f"{self.weight!r}*{within(self.step, 5)}"


@dataclass(frozen=True)
class Fused(Step):
    """`a + b`, `rrf(a, b)`: rankings from the same queries, fused. The weights of `method` are those of the steps."""

    method: Fusion
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        _nest(self, *self.steps)

    @property
    def precedence(self) -> int:  # type: ignore[override]  # depends on how it prints
        return 3 if isinstance(self.method, ZNorm) else 5

    @property
    def _begins_with_sum(self) -> bool:
        first = self.steps[0]
        return isinstance(self.method, ZNorm) and isinstance(first, Fused) and isinstance(first.method, ZNorm)

    @property
    def needed(self) -> int:
        return max(step.needed for step in self.steps)

    def __str__(self) -> str:
        weights = self.method.weights
        if not weights and self._begins_with_sum:  # which would become part of this one without its weight
            weights = (1.0,) * len(self.steps)
        least = 4 if isinstance(self.method, ZNorm) else 1
        parts = [
            f"{weights[number]!r}*{within(step, 5)}" if weights else within(step, least)
            for number, step in enumerate(self.steps)
        ]
        if isinstance(self.method, ZNorm):
            return " + ".join(parts)
        options = [f"{field.name}={literal(getattr(self.method, field.name))}" for field in fields(self.method)[1:]]
        return f"{self.method.name}({', '.join(parts + options)})"


@dataclass(frozen=True)
class Cut(Step):
    """`a % n`: the first n documents."""

    step: Step
    count: int
    precedence: ClassVar[int] = 4

    def __post_init__(self) -> None:
        _nest(self, self.step)

    @property
    def needed(self) -> int:
        return self.step.needed

    def __str__(self) -> str:
        return f"{within(self.step, 4)} % {self.count}"


@dataclass(frozen=True)
class Union(Step):
    """`a | b`: the documents of a, then those that only b has; scores count down from their number."""

    first: Step
    second: Step
    precedence: ClassVar[int] = 1

    def __post_init__(self) -> None:
        _nest(self, self.first, self.second)

    @property
    def needed(self) -> int:
        return max(self.first.needed, self.second.needed)

    def __str__(self) -> str:
        return f"{within(self.first, 1)} | {within(self.second, 2)}"


def _nest(step: Step, *parts: Step) -> None:
    """Note how deep a step is. Raises InvalidArgument for one that is too deep."""
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MOST_DEPTH:
        raise InvalidArgument(
            f"expected a plan of at most {MOST_DEPTH} steps within each other, found more; steps joined by >> or + "
            "stand side by side"
        )
    object.__setattr__(step, "depth", depth)  # no field: a plan is what it prints


def leaves(step: Step) -> Iterator[Step]:
    """The steps of a plan that are not made of others, in the order of its text form."""
    match step:
        case Chain(steps=parts) | Fused(steps=parts):
            inner: tuple[Step, ...] = parts
        case Weighted(step=part) | Cut(step=part):
            inner = (part,)
        case Union(first=first, second=second):
            inner = (first, second)
        case _:
            yield step
            return
    for part in inner:
        yield from leaves(part)


def most_needed(steps: tuple[Step, ...]) -> int:
    """How many documents the steps look at before one of them ranks anew."""
    needed = 0
    for step in steps:
        needed = max(needed, step.needed)
        if step.ranks:
            break
    return needed


def refines(step: Step) -> bool:
    """Whether any part of a plan makes better queries of documents that were found or marked; clicks are neither."""
    if isinstance(step, Chain | Fused):
        return any(map(refines, step.steps))
    if isinstance(step, Cut | Weighted):
        return refines(step.step)
    if isinstance(step, Union):
        return refines(step.first) or refines(step.second)
    return not step.ranks and step.needed > 0


def chain(first: Any, second: Any) -> Step:
    """`first >> second`. Raises InvalidArgument for a step that looks at documents where none were found."""
    parts = [part for step in map(_as_step, (first, second)) for part in _links(step)]
    return Chain(tuple(parts))


def _links(step: Step) -> tuple[Step, ...]:
    return step.steps if isinstance(step, Chain) else (step,)


def add(first: Any, second: Any) -> Step:
    """`first + second`: sums are flattened from the left, so that weights stand side by side."""
    left, right = ranking(first, "+"), ranking(second, "+")
    if isinstance(left, Fused) and isinstance(left.method, ZNorm):
        weights = left.method.weights or (1.0,) * len(left.steps)
        return _sum([*zip(weights, left.steps, strict=True), _weighted(right)])
    return _sum([_weighted(left), _weighted(right)])


def _sum(parts: list[tuple[float, Step]]) -> Step:
    weights = tuple(weight for weight, _ in parts)
    return Fused(ZNorm(() if set(weights) == {1.0} else weights), tuple(step for _, step in parts))


def _weighted(step: Step) -> tuple[float, Step]:
    return (step.weight, step.step) if isinstance(step, Weighted) else (1.0, step)


def fuse_steps(method: Fusion, steps: tuple[Any, ...]) -> Step:
    """`rrf(a, 0.5*b)`: the method with the steps' weights. Raises InvalidArgument."""
    if len(steps) < 2:
        raise InvalidArgument(f"expected two steps or more to fuse by {method.name}, found {len(steps)}")
    parts = [_weighted(ranking(step, method.name)) for step in steps]
    weights = tuple(weight for weight, _ in parts)
    return Fused(replace(method, weights=() if set(weights) == {1.0} else weights), tuple(step for _, step in parts))


def weigh(step: Any, weight: Any) -> Step:
    """`weight * step`; weights of weights multiply. Raises InvalidArgument."""
    if isinstance(weight, Step):
        raise InvalidArgument(f"expected a number beside *, like 0.3*bm25, found {step} and {weight}")
    ZNorm((weight, 1.0))  # checks it
    given = ranking(step, "*")
    if isinstance(given, Weighted):
        return weigh(given.step, weight * given.weight)
    return Weighted(float(weight), given)


def cut(step: Any, count: Any) -> Step:
    """`step % count`. Raises InvalidArgument."""
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_RESULTS:
        found = str(count) if isinstance(count, Step) else repr(count)
        raise InvalidArgument(f"expected a number of documents from 1 to {MOST_RESULTS:,} after %, found {found}")
    return Cut(ranking(step, "%"), count)


def unite(first: Any, second: Any) -> Step:
    """`first | second`. Raises InvalidArgument."""
    return Union(ranking(first, "|"), ranking(second, "|"))


def ranking(step: Any, operator: str) -> Step:
    """A step that ends in a ranking. Raises InvalidArgument for another."""
    given = _as_step(step)
    if not _links(given)[-1].ranks:
        raise InvalidArgument(f"expected steps that search beside {operator}, found {given}, which refines queries")
    return given


def _as_step(given: Any) -> Step:
    from rocchio.pipelines import parse  # which makes steps of these

    return parse.as_step(given)
