"""Comparisons as frameworks mean them, as predicates: made of values, so that no text of a filter is ever parsed.

Frameworks have two truth values: a comparison with a missing value is false, and its negation true. Predicates have
three; therefore each comparison here says what becomes of a missing value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rocchio.errors import InvalidArgument
from rocchio.filters.expression import FieldExpression
from rocchio.filters.expression import field as field_named
from rocchio.filters.predicate import Predicate, conjunction, disjunction

_ORDERS: dict[str, Callable[[FieldExpression, Any], Predicate]] = {
    ">": lambda field, value: field > value,
    ">=": lambda field, value: field >= value,
    "<": lambda field, value: field < value,
    "<=": lambda field, value: field <= value,
}
OPERATORS = ("==", "!=", *_ORDERS, "in", "not in")


def compare(name: str, operator: str, value: Any) -> Predicate:
    """One comparison, true or false of every document. Raises InvalidArgument."""
    field = field_named(name)
    if operator in ("in", "not in"):
        if not isinstance(value, list):
            raise InvalidArgument(f"expected a list of values for {name!r} {operator}, found {type(value).__name__}")
        found = disjunction([never(name), *(compare(name, "==", each) for each in value)])
        return found if operator == "in" else ~found
    if operator in ("==", "!="):
        equal = field.is_null() if value is None else there(name, field == value)
        return equal if operator == "==" else ~equal
    if operator not in _ORDERS:
        raise InvalidArgument(f"expected an operator of {', '.join(OPERATORS)}, found {operator!r}")
    return never(name) if value is None else there(name, _ORDERS[operator](field, value))


def there(name: str, predicate: Predicate) -> Predicate:
    """The predicate, false where the field has no value."""
    return predicate & field_named(name).is_not_null()


def never(name: str) -> Predicate:
    """True of no document."""
    field = field_named(name)
    return field.is_null() & field.is_not_null()


def combine(condition: str, parts: Iterable[Predicate]) -> Predicate:
    """All of them for "and", one of them for "or", not all of them for "not". Raises InvalidArgument."""
    each = list(parts)
    match condition:
        case "and":
            return conjunction(each)
        case "or":
            return disjunction(each)
        case "not":
            return ~conjunction(each)
        case _:
            raise InvalidArgument(f"expected conditions combined with and, or, not, found {condition!r}")


def equalities(given: dict[str, Any]) -> Predicate:
    """{name: value}, all equal; a list stands for one of its values. Raises InvalidArgument."""
    return conjunction(
        [compare(name, "in" if isinstance(value, list) else "==", value) for name, value in given.items()]
    )
