"""Predicates as Python expressions: `(rocchio.field("year") >= 2020) & ~rocchio.field("draft")`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rocchio.errors import InvalidArgument
from rocchio.filters.predicate import (
    Bound,
    IsNull,
    Predicate,
    as_predicate,
    conjunction,
    disjunction,
    in_range,
    negation,
    one_of,
    starts_with,
)


class FieldExpression:
    """A field in a predicate. Compare it; a bool field may also stand for itself, as in `a & ~b`.

    Values are numbers, strings, bools, dates (also ISO 8601 strings) and their numpy kinds. `== None` is `is_null()`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"rocchio.field({self._name!r})"

    def __eq__(self, value: Any) -> Predicate:  # type: ignore[override]
        return self.is_null() if value is None else one_of(self._name, [value])

    def __ne__(self, value: Any) -> Predicate:  # type: ignore[override]
        return negation(self == value)

    __hash__ = None  # type: ignore[assignment]  # == makes a predicate

    def __lt__(self, value: Any) -> Predicate:
        return in_range(self._name, None, Bound(value, inclusive=False))

    def __le__(self, value: Any) -> Predicate:
        return in_range(self._name, None, Bound(value))

    def __gt__(self, value: Any) -> Predicate:
        return in_range(self._name, Bound(value, inclusive=False), None)

    def __ge__(self, value: Any) -> Predicate:
        return in_range(self._name, Bound(value), None)

    def between(self, low: Any, high: Any) -> Predicate:
        """A value from `low` to `high`, both included."""
        return in_range(self._name, Bound(low), Bound(high))

    def isin(self, values: Iterable[Any]) -> Predicate:
        """One of up to 100,000 values."""
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise InvalidArgument(f"expected a list of values for {self._name!r}, found {values!r}")
        return one_of(self._name, values)

    def contains(self, value: Any) -> Predicate:
        """The list of a keyword field has this value; the same as `==`."""
        return one_of(self._name, [value])

    def starts_with(self, prefix: str) -> Predicate:
        """A string that begins with `prefix`."""
        return starts_with(self._name, prefix)

    def is_null(self) -> Predicate:
        """There is no value."""
        return IsNull(self._name)

    def is_not_null(self) -> Predicate:
        """There is a value."""
        return IsNull(self._name, negated=True)

    def as_predicate(self) -> Predicate:
        """The field is true."""
        return one_of(self._name, [True])

    def __and__(self, other: Any) -> Predicate:
        return conjunction([self.as_predicate(), as_predicate(other)])

    def __or__(self, other: Any) -> Predicate:
        return disjunction([self.as_predicate(), as_predicate(other)])

    def __rand__(self, other: Any) -> Predicate:
        return conjunction([as_predicate(other), self.as_predicate()])

    def __ror__(self, other: Any) -> Predicate:
        return disjunction([as_predicate(other), self.as_predicate()])

    def __invert__(self) -> Predicate:
        return negation(self.as_predicate())

    def __bool__(self) -> bool:
        return bool(self.as_predicate())  # raises: no field is true or false by itself


def field(name: str) -> FieldExpression:
    """A field to compare in a predicate for `where=`: `rocchio.field("year") >= 2020`. Raises InvalidArgument."""
    if not isinstance(name, str):
        raise InvalidArgument(f"expected the name of a field, found {name!r}")
    return FieldExpression(name)
