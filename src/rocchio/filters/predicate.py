"""Predicates as values, always in normal form: equal ones have one text, which parses back to an equal value.

Logic has three values, as in SQL: a comparison with a missing value is unknown, so is its negation, and a document is
found where a predicate is true. Therefore NOT can be pushed down to comparisons, which is done when a predicate is
made; the rest of the normal form:

- AND and OR are flat, their operands in the order of their texts, each once;
- values of IN are in order, each once; `x = 1` is an IN of one value; `x = 1 OR x = 2` is one IN;
- ranges of numbers and dates that AND combines are one range. Those of strings are not: a keyword field may hold
  several, and different ones may lie in each range.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from rocchio.errors import InvalidArgument
from rocchio.filters.values import Value, as_value, is_single, quoted, rank, sort_key, written

MAX_DEPTH = 50
"""Of AND and OR in each other."""

MAX_VALUES = 100_000
"""Of an IN."""

KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "CONTAINS", "TRUE", "FALSE"})
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Predicate:
    """Something that is true of a document, or not, or unknown. Combine with & | ~."""

    def __and__(self, other: Any) -> Predicate:
        return conjunction([self, as_predicate(other)])

    def __or__(self, other: Any) -> Predicate:
        return disjunction([self, as_predicate(other)])

    def __invert__(self) -> Predicate:
        return negation(self)

    def __bool__(self) -> bool:
        raise InvalidArgument(
            "expected predicates to be combined with &, | and ~, found and, or, not or a chained comparison; "
            "write (field >= 1) & (field <= 5), or field.between(1, 5)"
        )

    @property
    def depth(self) -> int:
        """How many AND and OR stand in each other."""
        return 0


@dataclass(frozen=True)
class In(Predicate):
    """One of the field's values is one of these, which are in order and distinct."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{name_of(self.field)} {'!=' if self.negated else '='} {written(self.values[0])}"
        return f"{name_of(self.field)} {'NOT IN' if self.negated else 'IN'} ({', '.join(map(written, self.values))})"


@dataclass(frozen=True)
class Bound:
    """One end of a range."""

    value: Value
    inclusive: bool = True


@dataclass(frozen=True)
class Range(Predicate):
    """One of the field's values lies between bounds, of which at least one is there."""

    field: str
    low: Bound | None
    high: Bound | None
    negated: bool = False

    def __str__(self) -> str:
        name, low, high = name_of(self.field), self.low, self.high
        if low and high and low.inclusive and high.inclusive:
            between = f"BETWEEN {written(low.value)} AND {written(high.value)}"
            return f"{name} {'NOT ' if self.negated else ''}{between}"
        ends = [f"{name} {'>=' if low.inclusive else '>'} {written(low.value)}"] if low else []
        ends += [f"{name} {'<=' if high.inclusive else '<'} {written(high.value)}"] if high else []
        return f"{'NOT ' if self.negated else ''}{' AND '.join(ends)}"


@dataclass(frozen=True)
class Prefix(Predicate):
    """One of the field's strings begins with this."""

    field: str
    prefix: str
    negated: bool = False

    def __str__(self) -> str:
        return f"{name_of(self.field)} {'NOT ' if self.negated else ''}STARTS WITH {written(self.prefix)}"


@dataclass(frozen=True)
class IsNull(Predicate):
    """The document has no value in the field; never unknown."""

    field: str
    negated: bool = False

    def __str__(self) -> str:
        return f"{name_of(self.field)} IS {'NOT ' if self.negated else ''}NULL"


@dataclass(frozen=True)
class And(Predicate):
    """All operands are true. There are at least two."""

    operands: tuple[Predicate, ...]

    def __str__(self) -> str:
        return " AND ".join(f"({each})" if isinstance(each, Or) else str(each) for each in self.operands)

    @property
    def depth(self) -> int:
        return 1 + max(each.depth for each in self.operands)


@dataclass(frozen=True)
class Or(Predicate):
    """One of the operands is true. There are at least two."""

    operands: tuple[Predicate, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.operands))

    @property
    def depth(self) -> int:
        return 1 + max(each.depth for each in self.operands)


Leaf = In | Range | Prefix | IsNull


def as_predicate(given: Any) -> Predicate:
    """A predicate, or what stands for one, like a bool field. Raises InvalidArgument."""
    if isinstance(given, Predicate):
        return given
    convert = getattr(given, "as_predicate", None)
    if convert is None:
        raise InvalidArgument(
            f"expected a predicate like rocchio.field('year') >= 2020, found {type(given).__name__}; comparisons that "
            "are combined need parentheses: (a >= 1) & (b == 2)"
        )
    return convert()  # type: ignore[no-any-return]


def one_of(field: str, values: Iterable[Any]) -> Predicate:
    """One of the field's values is one of these. Raises InvalidArgument."""
    return _in(field, map(as_value, values), negated=False)


def _in(field: str, values: Iterable[Value], *, negated: bool) -> Predicate:
    distinct = {sort_key(value): value for value in values}
    if len(distinct) > MAX_VALUES:
        raise InvalidArgument(
            f"expected at most {MAX_VALUES:,} values to compare {field!r} with, found {len(distinct):,}"
        )
    if negated and len(distinct) == 1 and isinstance(value := next(iter(distinct.values())), bool):
        return In(field, (not value,))
    return In(field, tuple(distinct[key] for key in sorted(distinct)), negated)


def in_range(field: str, low: Bound | None, high: Bound | None) -> Predicate:
    """One of the field's values lies between bounds, one of which may be missing. Raises InvalidArgument."""
    low, high = (bound and Bound(as_value(bound.value), bound.inclusive) for bound in (low, high))
    kinds = {rank(bound.value) for bound in (low, high) if bound is not None}
    if len(kinds) != 1:
        raise InvalidArgument(f"expected two values of one kind as the bounds of {field!r}, found different ones")
    return Range(field, low, high)


def starts_with(field: str, prefix: Any) -> Predicate:
    """One of the field's strings begins with `prefix`. Raises InvalidArgument."""
    value = as_value(prefix)
    if not isinstance(value, str):
        raise InvalidArgument(f"expected a string that {field!r} starts with, found {written(value)}")
    return Prefix(field, value)


def conjunction(operands: Iterable[Predicate]) -> Predicate:
    """All of one or more predicates. Raises InvalidArgument for too deep nesting."""
    flat = _flat(And, operands)
    ranges: dict[tuple[str, int], Range] = {}
    values: dict[str, list[Value]] = {}
    rest: list[Predicate] = []
    for each in flat:
        if isinstance(each, Range) and not each.negated and (kind := _single_kind(each)) is not None:
            known = ranges.get((each.field, kind))
            ranges[each.field, kind] = each if known is None else _intersection(known, each)
        elif isinstance(each, In) and each.negated:
            values.setdefault(each.field, []).extend(each.values)
        else:
            rest.append(each)
    return _combined(And, [*ranges.values(), *(_in(*item, negated=True) for item in values.items()), *rest])


def disjunction(operands: Iterable[Predicate]) -> Predicate:
    """One of one or more predicates. Raises InvalidArgument for too deep nesting."""
    values: dict[str, list[Value]] = {}
    rest: list[Predicate] = []
    for each in _flat(Or, operands):
        if isinstance(each, In) and not each.negated:
            values.setdefault(each.field, []).extend(each.values)
        else:
            rest.append(each)
    return _combined(Or, [*(_in(*item, negated=False) for item in values.items()), *rest])


def negation(predicate: Predicate) -> Predicate:
    """True where the predicate is false; unknown where it is unknown."""
    match predicate:
        case And():
            return disjunction(map(negation, predicate.operands))
        case Or():
            return conjunction(map(negation, predicate.operands))
        case In():
            return _in(predicate.field, predicate.values, negated=not predicate.negated)
        case Range() if _single_kind(predicate) is not None:
            low, high = predicate.low, predicate.high
            below = [Range(predicate.field, None, Bound(low.value, not low.inclusive))] if low else []
            above = [Range(predicate.field, Bound(high.value, not high.inclusive), None)] if high else []
            return disjunction([*below, *above])
        case Range() | Prefix() | IsNull():
            return replace(predicate, negated=not predicate.negated)
        case _:
            raise InvalidArgument(f"expected a predicate, found {predicate!r}")


def map_leaves(predicate: Predicate, change: Callable[[Leaf], Predicate]) -> Predicate:
    """The predicate with each comparison changed, in normal form again."""
    match predicate:
        case And():
            return conjunction(map_leaves(each, change) for each in predicate.operands)
        case Or():
            return disjunction(map_leaves(each, change) for each in predicate.operands)
        case In() | Range() | Prefix() | IsNull():
            return change(predicate)
        case _:
            raise InvalidArgument(f"expected a predicate, found {predicate!r}")


def name_of(field: str) -> str:
    """A field's name as predicates write it, in double quotes where it is no plain word."""
    if _PLAIN_NAME.fullmatch(field) and field.upper() not in KEYWORDS:
        return field
    return quoted(field, '"')


def _flat(kind: type[And] | type[Or], operands: Iterable[Predicate]) -> list[Predicate]:
    flat: list[Predicate] = []
    for each in operands:
        flat += each.operands if isinstance(each, kind) else [each]
    if not flat:
        raise InvalidArgument("expected at least one predicate to combine, found none")
    return flat


def _combined(kind: type[And] | type[Or], operands: Iterable[Predicate]) -> Predicate:
    distinct = {str(each): each for each in operands}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    combined = kind(tuple(distinct[text] for text in sorted(distinct)))
    if combined.depth > MAX_DEPTH:
        raise InvalidArgument(f"expected at most {MAX_DEPTH} levels of AND and OR in a predicate, found more")
    return combined


def _single_kind(one: Range) -> int | None:
    """The kind of a range's bounds if a document has at most one value of that kind."""
    bound = one.low or one.high
    return rank(bound.value) if bound is not None and is_single(bound.value) else None


def _intersection(first: Range, second: Range) -> Range:
    """What lies in both; a low bound above the high one stays so, and is empty."""
    lows = [each.low for each in (first, second) if each.low is not None]
    highs = [each.high for each in (first, second) if each.high is not None]
    # of equal values the exclusive bound is the tighter one
    low = max(lows, key=lambda bound: (bound.value, not bound.inclusive), default=None)
    high = min(highs, key=lambda bound: (bound.value, bound.inclusive), default=None)
    return Range(first.field, low, high)
